import { existsSync } from 'node:fs'
import type { Settings } from '../shared/settings.ts'
import { parseUserFlags } from './access/load-accounts.ts'
import { foreseeRotation, foreseeStartOfLog } from './access-log/log-file.ts'
import { readSharedStore, readStore, type StoreContents } from './check-store.ts'
import { foreseeRuntimeFolder } from './control/doors/runtime-folder.ts'
import { checkTlsFiles } from './control/doors/tls-door.ts'
import { groupOf, type SocketAccess } from './control/doors/unix-socket.ts'
import { foreseeEngine, refuseForwardsToSelf } from './engine/start.ts'
import { foreseen } from './foreseen.ts'
import { clashesOf, isAbsence, listenFailure, wantedSockets, whyNotListen } from './listening.ts'
import { wantedThreads } from './names/system.ts'
import { spareThreads } from './os/thread-limit.ts'
import { accessLogOf } from './settings/access-log-settings.ts'
import { readConfigFile } from './settings/config-file.ts'
import { type Configuration, combine, configure } from './settings/configuration.ts'
import { sizesOf } from './settings/engine-options.ts'
import { forwardsOf } from './settings/forwards.ts'
import { refuseOpenProxy } from './settings/open-proxy.ts'
import type { SocketRole } from './sockets/handed-sockets.ts'
import { databaseIn, foreseeFolder, foreseeStore } from './store/sqlite-store.ts'
import { StoreError } from './store/store.ts'
import { shareThreads } from './threads.ts'
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
      const failure = foreseen(error)
      if (!failure) throw error
      problems.push(failure.message)
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
  const { file, rotation } = accessLogOf(values)
  if (file !== undefined && file !== '-') {
    await attempt(() => foreseeRotation(file, rotation))
    await attempt(() => foreseeStartOfLog(file))
  }
  const sockets = wantedSockets(values)
  problems.push(...clashesOf(sockets))
  const places = sockets.map(([, endpoint]) => endpoint)
  await attempt(() => refuseForwardsToSelf(forwardsOf(values), places))
  await attempt(() => shareThreads(spareThreads(), wantedThreads))
  await attempt(() =>
    foreseeEngine(
      values.engine,
      sizesOf(
        values,
        sockets.flatMap(([role, endpoint]) => (role === 'socks' ? endpoint : [])),
      ),
    ),
  )
  for (const [role, endpoint] of sockets) {
    const code = await whyNotListen(endpoint)
    if (code === undefined || (isAbsence(code) && isDefault(role, configuration))) continue
    problems.push(listenFailure(role, endpoint, code).message)
  }
  return { problems, notes }
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

/** Of default addresses this machine need not have all. */
function isDefault(role: SocketRole, { sources }: Configuration): boolean {
  return (role === 'socks' || role === 'control') && sources[`${role}-addr`] === 'default'
}
