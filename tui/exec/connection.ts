import type { Context } from '../../shared/commands/context.ts'
import type { Params } from '../../shared/protocol/methods.ts'
import { type Client, ConnectionError, connect } from '../client/index.ts'
import type { ExecOptions } from '../options/command-line.ts'
import type { NamedDaemon } from '../options/daemons.ts'
import { type AskPassword, targetsAt } from '../options/passwords.ts'
import { doubtful } from './doubt.ts'
import { onlyLook } from './only-look.ts'

interface Connection extends Pick<Context, 'call' | 'events'> {
  close(): Promise<void>
}

/** A connection that is made when the first command needs it; `ask` gets a password, if that takes one. */
export function connectionTo(
  { places, readOnly }: NamedDaemon,
  { timeoutMs, hashMs, upgradeMs }: Pick<ExecOptions, 'timeoutMs' | 'hashMs' | 'upgradeMs'>,
  ask: AskPassword,
): Connection {
  let client: Promise<Client> | undefined
  const open = async () => {
    const opened = await connect(targetsAt(places, ask), { timeoutMs, name: 'proxy-tui' })
    if (!readOnly) return opened
    try {
      await inTime((signal) => onlyLook(opened.call, { signal }), timeoutMs)
      return opened
    } catch (error) {
      opened.close()
      throw error
    }
  }
  const connected = () => (client ??= open())
  const close = async () => {
    const open = client
    client = undefined
    ;(await open?.catch(() => undefined))?.close()
  }
  return {
    call: async (method, params) => {
      const { call } = await connected()
      const isUpgrade = method === 'daemon.upgrade'
      const patience = isUpgrade ? upgradeMs : timeoutMs + hashMs * passwordsIn(params)
      const answer = await inTime((signal) => call(method, params, { signal }), patience).catch((error: unknown) => {
        throw doubtful(error, method, params)
      })
      // Who has answered lets go of all: what follows is for the successor.
      if (isUpgrade) await close()
      return answer
    },
    events: async (event) => (await connected()).events(event),
    close,
  }
}

/** How many the daemon hashes for a request, which takes it long on purpose. */
function passwordsIn(params: object): number {
  const { dryRun, users } = params as Params<'transfer.import'>
  return dryRun || !Array.isArray(users) ? 0 : users.filter(({ password }) => password !== undefined).length
}

async function inTime<T>(answer: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await answer(signal)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new ConnectionError('timeout', `no answer within ${timeoutMs / 1000} s`)
  }
}
