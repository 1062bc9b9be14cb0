import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Connections } from '../../daemon/store/postgres/connections.ts'
import { type Place, readPlace } from '../../daemon/store/postgres/place.ts'
import { prepareStore } from '../../daemon/store/postgres/prepare.ts'
import type { Identity } from './certificate.ts'

/** Where Debian and others put what serves, the newest version first. */
const places = ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/usr/local/bin', '/usr/bin']
const binaries = places
  .flatMap((place) => globSync(join(place, 'initdb')).sort().reverse())
  .map((file) => file.slice(0, -'/initdb'.length))[0]

/** Whether there is a PostgreSQL here. */
export const hasPostgres = binaries !== undefined

/** It refuses to run as root. */
const nobody = 65_534
const asSomebody = process.getuid?.() === 0 ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []

/** A PostgreSQL of its own, which ends with this process at the latest. */
export class PostgresServer {
  /** Of its Unix socket; `proxyd` may do everything there, without a password. */
  readonly folder: string
  /** Of 127.0.0.1, where the password is asked for that `proxyd` has: `secret`. */
  readonly port: number
  /** A command that starts the one given behind it, of its next starts. */
  within: readonly string[] = []
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined
  #databases = 0

  /** `settings`: as `name=value`, of all its starts. */
  constructor(folder: string, port: number, settings: readonly string[]) {
    this.folder = folder
    this.port = port
    this.#settings = settings
  }

  /** Undefined unless it runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Makes its data: nothing yet, or what another one had that has ended in this folder. */
  prepare(like?: string): void {
    if (asSomebody.length > 0) chownSync(this.folder, nobody, nobody)
    const data = join(this.folder, 'data')
    if (like !== undefined) return run('cp', '-a', '--reflink=auto', join(like, 'data'), data)
    const kind = ['-U', 'proxyd', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C', '--wal-segsize=1']
    run(join(binaries as string, 'initdb'), '-D', data, ...kind)
    const hosts = ['local all all trust', 'local replication all trust', 'host all all 127.0.0.1/32 scram-sha-256']
    writeFileSync(join(data, 'pg_hba.conf'), `${hosts.join('\n')}\n`)
  }

  /** In place of `prepare`: it becomes a standby of another one that runs. */
  follow(primary: PostgresServer): void {
    if (asSomebody.length > 0) chownSync(this.folder, nobody, nobody)
    const from = ['-h', primary.folder, '-p', `${primary.port}`, '-U', 'proxyd', '--write-recovery-conf']
    const kind = ['--checkpoint=fast', '--no-sync']
    run(join(binaries as string, 'pg_basebackup'), '-D', join(this.folder, 'data'), ...from, ...kind)
  }

  /** A standby is a primary server from now on. */
  promote(): void {
    run(join(binaries as string, 'pg_ctl'), 'promote', '-D', join(this.folder, 'data'))
  }

  /** Resolves when it takes clients. */
  async start(...settings: string[]): Promise<void> {
    const all = [...this.#settings, 'listen_addresses=127.0.0.1', `port=${this.port}`, ...settings]
    const args = ['-D', join(this.folder, 'data'), '-k', this.folder, ...all.flatMap((setting) => ['-c', setting])]
    const itself = ['setpriv', ...asSomebody, '--pdeathsig=KILL', join(binaries as string, 'postgres'), ...args]
    const [command, ...rest] = [...this.within, ...itself] as [string, ...string[]]
    const started = spawn(command, rest, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = started
    let said = ''
    await new Promise<void>((resolve, reject) => {
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('ready to accept')) resolve()
      })
      started.once('exit', () => reject(new Error(`PostgreSQL does not start: ${said}`)))
    })
  }

  /** At once, as a crash: what was under way is lost. */
  stop(): Promise<void> {
    return this.#end('SIGQUIT')
  }

  /** With all in its data that it was given, so that a start has nothing to recover. */
  shutDown(): Promise<void> {
    return this.#end('SIGINT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exit
  }

  /** Has it where it finds it; settings for `start`. */
  certificate({ cert, key }: Identity): string[] {
    return Object.entries({ cert, key }).map(([what, text]) => {
      const file = join(this.folder, `${what}.pem`)
      writeFileSync(file, text, { mode: 0o600 })
      if (asSomebody.length > 0) chownSync(file, nobody, nobody)
      return `ssl_${what}_file=${file}`
    })
  }

  /** By its Unix socket. */
  place(database: string): string {
    return `postgres://proxyd@:${this.port}/${database}?host=${this.folder}`
  }

  /** One with proxyd's schema and nothing in it. */
  async newDatabase(template = 'template_of_proxyd'): Promise<string> {
    const name = `test_${++this.#databases}`
    await this.sql('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`)
    return name
  }

  /** Asks as an admin would; the rows. */
  async sql<Row>(database: string, text: string): Promise<Row[]> {
    const connections = await connect(this.place(database))
    try {
      return await connections.ask<Row>(text)
    } finally {
      await connections.close()
    }
  }

  async makeTemplate(): Promise<void> {
    await this.sql('postgres', 'CREATE DATABASE template_of_proxyd')
    await this.sql('postgres', "ALTER USER proxyd PASSWORD 'secret'")
    const place = placeOf(this.place('template_of_proxyd'))
    await prepareStore({ place, password: async () => '', node: 'a' }, undefined)
  }
}

export function placeOf(text: string): Place {
  const place = readPlace(text)
  if (typeof place === 'string') throw new Error(place)
  return place
}

function connect(place: string): Promise<Connections> {
  return Connections.open(placeOf(place), async () => 'secret')
}

function run(program: string, ...args: string[]): void {
  const command = [...asSomebody, program, ...args]
  const { status, stderr } = spawnSync('setpriv', command, { cwd: '/', encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} fails: ${stderr}`)
}
