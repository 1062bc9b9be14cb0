import { parseArgs } from 'node:util'
import { checkPages } from './pages.ts'
import { givenServer, knownServers, type Server } from './servers.ts'

export const help = `Usage: make bench [BENCH='OPTIONS']
  --rounds N         rounds, of which the median is shown (3)
  --seconds S        length of each load (2)
  --held N           connections held at once (10000, or a third of the descriptor limit)
  --only TEXT        the scenario of this name, or all that have it in theirs; repeatable
  --server NAME      servers of this name only; repeatable
  --peer NAME=CMD    one more server, by a line for the shell in which {port} becomes its port and {folder} a folder
                     for its files; repeatable:
                     --peer 'microsocks 2=microsocks -i 127.0.0.1 -p {port}'
                     --peer '3proxy=echo "socks -p{port} -i127.0.0.1" >{folder}/cfg; 3proxy {folder}/cfg'
  --fleet            what a node of a fleet costs whose store has very many users, and what one PostgreSQL bears of nodes
  --users N          users of that store (1000000)
  --json FILE        also write the medians there
  --write            also write those tables of README.md and docs/performance.md anew that all has been measured of
`

export interface Options {
  readonly help: boolean
  readonly rounds: number
  readonly seconds: number
  readonly held: number
  /** Undefined: all. */
  readonly only: readonly string[] | undefined
  /** Undefined stands for no proxy at all. */
  readonly servers: readonly (Server | undefined)[]
  readonly fleet: boolean
  readonly users: number
  readonly json: string | undefined
  readonly write: boolean
}

export const noProxy = 'no proxy'

/** Read the command line. Throws an `Error` for people. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      held: { type: 'string', default: '10000' },
      only: { type: 'string', multiple: true },
      server: { type: 'string', multiple: true },
      peer: { type: 'string', multiple: true, default: [] },
      fleet: { type: 'boolean', default: false },
      users: { type: 'string', default: '1000000' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  if (values.write) checkPages()
  return {
    help: values.help,
    rounds: whole('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    held: whole('--held', values.held),
    only: values.only,
    servers: serversOf(values.server, values.peer),
    fleet: values.fleet,
    users: whole('--users', values.users),
    json: values.json,
    write: values.write,
  }
}

function serversOf(names: readonly string[] | undefined, peers: readonly string[]): (Server | undefined)[] {
  const all = [undefined, ...knownServers(), ...peers.map(givenServer)]
  const known = all.map((server) => server?.name ?? noProxy)
  const unknown = names?.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--server ${unknown}: there is ${known.join(', ')}`)
  return all.filter((server) => !names || names.includes(server?.name ?? noProxy))
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1e7)) throw new Error(`${flag} wants a number above 0, not ${JSON.stringify(text)}`)
  return value
}

function whole(flag: string, text: string): number {
  const value = positive(flag, text)
  if (!Number.isInteger(value)) throw new Error(`${flag} wants a whole number, not ${JSON.stringify(text)}`)
  return value
}
