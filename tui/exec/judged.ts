import type { Context } from '../../shared/commands/context.ts'
import { ConnectionError } from '../client/index.ts'
import { judgeFor } from '../judge/judge.ts'

const judge = judgeFor(() => {})

/** The same, but what a daemon tells that is not as the protocol has it is a `ConnectionError`: a verb can rely on the rest. */
export function judged(context: Context): Context {
  return {
    ...context,
    async call(method, params) {
      const result = await context.call(method, params)
      demandSound('result', method, result)
      return result
    },
    async events(event) {
      return soundOnly(event, await context.events(event))
    },
  }
}

async function* soundOnly<Event>(name: string, events: AsyncIterable<Event>): AsyncGenerator<Event> {
  for await (const event of events) {
    demandSound('event', name, event)
    yield event
  }
}

function demandSound(said: 'result' | 'event', name: string, value: unknown): void {
  const problem = judge(said, name, value)
  if (problem !== null)
    throw new ConnectionError('malformed', `the daemon's ${said} of ${name} makes no sense: ${problem}`)
}
