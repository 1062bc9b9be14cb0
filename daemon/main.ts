import { whyNot } from '../shared/file-trouble.ts'
import '../shared/no-debugger.ts'
import { closeSync, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { devNull } from 'node:os'
import { resolve } from 'node:path'
import { safeText } from '../shared/format/safe-text.ts'
import { version } from '../shared/version.ts'
import { type Checked, check } from './check.ts'
import { checkStore } from './check-store.ts'
import { failedPart } from './contained.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { errnoOf, Failure } from './failure.ts'
import { openLog } from './log.ts'
import { ManagementFaults } from './management-faults.ts'
import { migrateStore } from './migrate-store.ts'
import { ownFolder } from './named-store.ts'
import { wantedThreads } from './names/system.ts'
import { spareMemory } from './os/allocator.ts'
import { exitAtOnce } from './os/exit.ts'
import { spareThreads } from './os/thread-limit.ts'
import { openOutput } from './output.ts'
import { recoverStore } from './recover-store.ts'
import { forSuccessor, ServiceManager, takeVariables } from './service/service-manager.ts'
import { readCommandLine } from './settings/command-line.ts'
import { readConfigFile } from './settings/config-file.ts'
import { type Configuration, configure } from './settings/configuration.ts'
import { firstStopSignal } from './signals.ts'
import { databaseIn } from './store/sqlite-store.ts'
import { shareThreads, type ThreadShares } from './threads.ts'
import { Predecessor } from './upgrade/predecessor.ts'

// Whoever reads these may go away (EPIPE), and a terminal too (EIO); the daemon stays.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})

/** Beside those that Node has open itself; what serving takes is for the engine to say. */
const fewestDescriptors = 16

/** Before anything else is changed of it: a successor starts with the same. */
const environment = forSuccessor(process.env)
const managerVariables = takeVariables(process.env, process.pid)
let predecessor: Predecessor | undefined

void run()

async function run(): Promise<void> {
  try {
    predecessor = await Predecessor.find()
    refuseFewDescriptors()
    const commandLine = readCommandLine(process.argv.slice(2), version)
    if (commandLine.kind === 'print') return print(commandLine.text)
    exitAtOnce()
    if (commandLine.kind === 'check') tellCheck(await check(commandLine.flags, commandLine.configFile))
    else {
      const { flags, configFile } = commandLine
      const file = configFile === undefined ? {} : await readConfigFile(configFile)
      const configuration = configure(flags, file, process.env, process.getuid?.() ?? -1)
      const { values } = configuration
      const folder = values['state-dir']
      if (commandLine.kind === 'serve') await serve(configuration, configFile)
      else if (commandLine.kind === 'migrate') print(await migrateStore(values, commandLine.from))
      else if (commandLine.kind === 'recover-store') print(await recoverStore(ownFolder(values, '--recover-store')))
      else if (commandLine.file !== undefined) print(await checkStore(resolve(commandLine.file), folder))
      else print(await checkStore(databaseIn(ownFolder(values, '--check-store')), folder))
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    await predecessor?.failed(safeText(error.message))
    process.stderr.write(`proxyd: ${safeText(error.message)}\n`)
    process.exitCode = error.status
    if (predecessor) process.exit()
  }
}

function tellCheck({ problems, notes }: Checked): void {
  for (const problem of problems) process.stderr.write(`proxyd: ${safeText(problem)}\n`)
  if (problems.length > 0) process.exitCode = 1
  const outcome = problems.length > 0 ? [] : ['proxyd would start like this']
  print([...notes, ...outcome].map((line) => `${safeText(line)}\n`).join(''))
}

/** The parts of the daemon say what they lack, but with a handful of descriptors none gets as far as that. */
function refuseFewDescriptors(): void {
  const taken: number[] = []
  try {
    while (taken.length < fewestDescriptors) taken.push(openSync(devNull, 'r'))
  } catch (error) {
    if (errnoOf(error) !== 'EMFILE') throw error
    throw new Failure(1, 'this process may have too few descriptors to start: raise the limit, as by ulimit -n')
  } finally {
    for (const fd of taken) closeSync(fd)
  }
}

async function serve(configuration: Configuration, configFile: string | undefined): Promise<void> {
  spareMemory()
  const wanted = Number(process.env.UV_THREADPOOL_SIZE) || wantedThreads
  const threads = shareThreads(spareThreads(), wanted)
  await startPool(threads)
  const log = await openLog(configuration.values['log-level'])
  const { logger } = log
  if (threads.pool < wanted)
    logger.warn(`threads are limited here: names and passwords get ${threads.pool} in place of ${wanted}`)
  const started = Promise.withResolvers<Daemon>()
  process.on('SIGHUP', () => void started.promise.then((daemon) => daemon.reload('SIGHUP')))
  // What comes of it the log tells.
  process.on('SIGUSR2', () => started.promise.then((daemon) => daemon.upgrade.begin('SIGUSR2')).catch(() => {}))
  // Node's own way is plain text among the lines of the log, and it waits for whoever reads.
  process.removeAllListeners('warning').on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`))
  let vanish = () => {}
  let managementFaults: ManagementFaults | undefined
  process.on('uncaughtException', (error) => {
    const part = failedPart()
    if (part && managementFaults) return managementFaults.heard(part, error)
    logger.fatal(error, 'a fault in proxyd')
    vanish()
    process.exit(1)
  })
  const stopSignal = firstStopSignal(() => vanish())
  const manager = new ServiceManager(managerVariables, (message) => logger.warn(message))
  const origin = { predecessor, configFile, environment, manager }
  const daemon = await startDaemon(configuration, version, log, threads, origin)
  managementFaults = new ManagementFaults(logger, daemon.retire)
  vanish = daemon.vanish
  started.resolve(daemon)
  const output = openOutput(process.stdout)
  for (const { service, address, destination } of daemon.listening) {
    const leadsTo = destination === undefined ? '' : ` -> ${safeText(destination)}`
    output.write(`listening ${service} ${address}${leadsTo}\n`)
  }
  output.write('ready\n')
  const serves = `proxyd ${version} serves SOCKS on ${daemon.socksPlaces.join(' and ')}`
  void manager.ready(serves)
  void manager.keep(daemon.sockets())
  manager.watch(daemon.answers)
  let isStopped = false
  daemon.ending.watch((drains) => {
    void manager.status(drains ? 'drains: no new clients' : serves)
    // Whoever comes is refused; but behind a stop there may be a start, and behind a loss there will be one.
    if (!isStopped && !daemon.ending.isLost) void manager.keep(drains ? [] : daemon.sockets())
  })

  void stopSignal.then((signal) => {
    isStopped = true
    void manager.stopping()
    if (!daemon.ending.stop(signal)) logger.info(`${signal}: live connections come to their end already`)
    logger.info(`another ${signal} ends them at once`)
  })
  await daemon.ending.come
  void manager.stopping()
  await daemon.close()
  await manager.told()
  logger.info('stopped')
  process.exit(daemon.ending.isLost ? 1 : 0)
}

/** Has libuv start the threads of its pool while there is room for them: later, the want of one would be its end. */
async function startPool({ pool }: ThreadShares): Promise<void> {
  process.env.UV_THREADPOOL_SIZE = String(pool)
  await stat('/')
}

function print(text: string): void {
  process.stdout.write(text, (error) => {
    // Whoever reads may have seen enough, as `head` has.
    if (!error || errnoOf(error) === 'EPIPE') return
    process.stderr.write(`proxyd: cannot write to standard output: ${whyNot(error, '/', 'send it elsewhere')}\n`)
    process.exitCode = 1
  })
}
