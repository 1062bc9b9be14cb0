import type { Context } from '../../shared/commands/context.ts'
import { ConnectionError } from '../client/index.ts'
import { judgeFor } from '../judge/judge.ts'
import { doubtful } from './doubt.ts'

const judge = judgeFor(() => {})

/** The same, but what a daemon tells that is not as the protocol has it is a `ConnectionError`: a verb can rely on the rest. */
export function judged(context: Context): Context {
  return {
    ...context,
    async call(method, params) {
      const result = await context.call(method, params)
      const nonsense = nonsenseOf('result', method, result)
      if (nonsense) throw doubtful(nonsense, method, params)
      return result
    },
    async events(event) {
      return soundOnly(event, await context.events(event))
    },
  }
}

async function* soundOnly<Event>(name: string, events: AsyncIterable<Event>): AsyncGenerator<Event> {
  for await (const event of events) {
    const nonsense = nonsenseOf('event', name, event)
    if (nonsense) throw nonsense
    yield event
  }
}

function nonsenseOf(said: 'result' | 'event', name: string, value: unknown): ConnectionError | null {
  const problem = judge(said, name, value)
  if (problem === null) return null
  return new ConnectionError('malformed', `the daemon's ${said} of ${name} makes no sense: ${problem}`)
}
