import { existsSync } from 'node:fs'
import type { Settings } from '../shared/settings.ts'
import { parseUserFlags } from './access/load-accounts.ts'
import { foreseeStartOfLog } from './access-log/log-file.ts'
import { readSharedStore, readStore, type StoreContents } from './check-store.ts'
import { foreseeRuntimeFolder } from './control/doors/runtime-folder.ts'
import { checkTlsFiles } from './control/doors/tls-door.ts'
import { groupOf, type SocketAccess } from './control/doors/unix-socket.ts'
import { ControlStartError } from './control/start-error.ts'
import { Failure } from './failure.ts'
import { canListenOn, listenFailure, wantedSockets } from './listening.ts'
import { isSame, isUnspecified, parseAddress } from './net/address.ts'
import { type Endpoint, formatEndpoint } from './net/endpoint.ts'
import { Refusal } from './refusal.ts'
import { accessLogOf } from './settings/access-log-settings.ts'
import { readConfigFile } from './settings/config-file.ts'
import { type Configuration, combine, configure } from './settings/configuration.ts'
import { refuseOpenProxy } from './settings/open-proxy.ts'
import { databaseIn, foreseeFolder, foreseeStore } from './store/sqlite-store.ts'
import { StoreError } from './store/store.ts'
import { webhookOf } from './watching.ts'

/** What a check has found, for people. */
export interface Checked {
  /** Why proxyd would not start, or not do all that it is asked for; empty: it would. */
  readonly problems: readonly string[]
  /** What else there is to know. */
  readonly notes: readonly string[]
}

/**
 * Looks whether proxyd would start with these flags and this config file, as this user, and changes nothing, also beside a proxyd
 * that runs. Ports are not tried, for who came meanwhile would be lost; nor is a store that a proxyd has open.
 */
export async function check(flags: Partial<Settings>, configFile: string | undefined): Promise<Checked> {
  const problems: string[] = []
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (!isForeseen(error)) throw error
      problems.push(error.message)
      return undefined
    }
  }
  const said = await attempt(async () => {
    const file = configFile === undefined ? {} : await readConfigFile(configFile)
    return configure(flags, file, process.env, process.getuid?.() ?? -1)
  })
  if (said === undefined) return { problems, notes: [] }

  const notes: string[] = []
  const store = await attempt(() => storeOf(said.values, notes))
  if (store) notes.push(...store.lines)
  const configuration = combine({ ...said.said, stored: store?.settings ?? {} })
  const { values } = configuration
  await attempt(() => parseUserFlags(values.user))
  if (store) await attempt(() => refuseOpenProxy(values, store.users + values.user.length))
  if (values['control-tls-addr'].length > 0) await attempt(() => checkTlsFiles(tlsFilesOf(values)))
  await attempt(() => foreseeRuntimeFolder(values['runtime-dir'], groupOf(socketAccessOf(values))))
  await attempt(() => webhookOf(values))
  const { file } = accessLogOf(values)
  if (file !== undefined && file !== '-') await attempt(() => foreseeStartOfLog(file))
  problems.push(...clashesOf(wantedSockets(values)))
  for (const [role, endpoint] of endpointsOf(configuration)) {
    if (!(await canListenOn(endpoint.address))) problems.push(listenFailure(role, endpoint, 'EADDRNOTAVAIL').message)
  }
  return { problems, notes }
}

/** What two services are to listen on. */
function clashesOf(sockets: ReturnType<typeof wantedSockets>): string[] {
  return sockets.flatMap(([role, endpoint], i) => {
    const other = sockets.slice(0, i).find(([before, at]) => before !== role && isTakenBy(at, endpoint))
    return other
      ? [`${role} is to be served on ${formatEndpoint(endpoint)}, and ${other[0]} is: give it another port`]
      : []
  })
}

/** Whether who listens at one of them keeps others from listening at the other. */
function isTakenBy(one: Endpoint, other: Endpoint): boolean {
  const [bytes, others] = [one, other].map(({ address }) => parseAddress(address)?.bytes ?? new Uint8Array(0)) as [
    Uint8Array,
    Uint8Array,
  ]
  if (one.port !== other.port || one.port === 0 || bytes.length !== others.length) return false
  return isSame(bytes, others) || isUnspecified(bytes) || isUnspecified(others)
}

function isForeseen(error: unknown): error is Error {
  return error instanceof Failure || error instanceof Refusal || error instanceof ControlStartError
}

/** Undefined if a proxyd has it open, and uses it. */
async function storeOf(values: Readonly<Settings>, notes: string[]): Promise<StoreContents | undefined> {
  if (values.store !== '') return readSharedStore(values)
  const folder = values['state-dir']
  const file = databaseIn(folder)
  if (!existsSync(file)) {
    foreseeFolder(folder)
    return { lines: [`there is no store in ${folder} yet: proxyd makes one`], users: 0, settings: {} }
  }
  try {
    foreseeStore(folder)
    return await readStore(file, folder)
  } catch (error) {
    if (!(error instanceof StoreError) || error.problem !== 'locked') throw error
    notes.push(`a proxyd has ${file} open: users, rules and what was set there were not looked at`)
    return undefined
  }
}

function socketAccessOf(values: Readonly<Settings>): SocketAccess {
  const { 'control-socket-mode': mode, 'control-socket-group': group, 'control-socket-role': role } = values
  return { mode, group, role }
}

function tlsFilesOf(values: Readonly<Settings>) {
  return {
    cert: values['control-tls-cert'],
    key: values['control-tls-key'],
    clientCa: values['control-tls-client-ca'],
  }
}

/** What was asked for: of default addresses this machine need not have all. */
function endpointsOf({ values, sources }: Configuration) {
  return wantedSockets(values).filter(
    ([role]) => (role !== 'socks' && role !== 'control') || sources[`${role}-addr`] !== 'default',
  )
}
