import { errno, recv, send } from '../../../daemon/os/libc.ts'
import { MSG_NOSIGNAL, MSG_TRUNC } from '../../../daemon/os/socket.ts'
import { associate, Ends } from './datagrams.ts'
import { flood } from './flood.ts'
import { guess } from './guesses.ts'
import { type Connection, Pool } from './pool.ts'
import type { End, Load, Progress } from './protocol.ts'
import { watch } from './watch.ts'

/** The load generator: one process, one load. */

type Of<Kind extends Load['kind']> = Extract<Load, { kind: Kind }>

const chunk = new Uint8Array(256 * 1024)
/** Calls on one stream before the others have their turn. */
const turn = 16

/** The measured time begins; what is returned ends it and tells the figures. */
function begin(): (figures: Partial<End>) => void {
  say({ event: 'begin' })
  const start = performance.now()
  const before = process.cpuUsage()
  return (figures) => {
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(before)
    const nothing = {
      bytes: [],
      bytesLater: [],
      bytesByTenth: [],
      began: 0,
      connections: 0,
      failures: 0,
      lost: 0,
      reason: '',
      micros: [],
    }
    say({ event: 'end', seconds, cpu: (user + system) / 1e6, ...nothing, ...figures })
  }
}

function say(progress: Progress): void {
  process.stdout.write(`${JSON.stringify(progress)}\n`)
}

function bulk({ way, streams, direction, seconds }: Of<'bulk'>): void {
  const pool = new Pool(way)
  pool.openAll(streams)
  const reads = direction !== 'up'
  const writes = direction !== 'down'
  let lastEnd = 0
  const work = (connection: Connection): boolean => {
    for (let i = 0; i < turn; i++) {
      const heard = reads ? recv(connection.fd, chunk, 1 << 20, MSG_TRUNC) : 0
      const said = writes ? send(connection.fd, chunk, chunk.length, MSG_NOSIGNAL) : 0
      if (heard > 0) connection.moved += heard
      if (said > 0) connection.moved += said
      if (heard > 0 || said > 0) continue
      if (reads && heard !== -errno.EAGAIN) {
        pool.shut(connection)
        lastEnd = epochNow()
      }
      return false
    }
    return true
  }
  const all = [...pool.live.values()]
  let busy = new Set(all)
  if (reads && !writes) for (const { fd } of busy) send(fd, chunk, 1, MSG_NOSIGNAL)
  const end = begin()
  const began = epochNow()
  const start = performance.now()
  const bytesByTenth: number[] = []
  const moved = () => all.map(({ moved }) => moved)
  let [before, first]: [number, readonly number[]] = [0, []]
  for (let now = start; now < start + seconds * 1000; now = performance.now()) {
    const left = start + (bytesByTenth.length + 1) * 100 - now
    if (left <= 0) {
      const total = moved().reduce((all, one) => all + one, 0)
      if (bytesByTenth.push(total - before) === 10) first = moved()
      before = total
      continue
    }
    const awake = busy
    busy = new Set()
    pool.wait(awake.size > 0 ? 0 : Math.ceil(left), (connection) => awake.add(connection))
    // What comes after the end of a tenth of a second is not of that.
    if (performance.now() >= now + left) busy = awake
    else for (const connection of awake) if (work(connection)) busy.add(connection)
  }
  const bytesLater = moved().map((all, i) => all - (first[i] ?? 0))
  end({ bytes: moved(), bytesLater, bytesByTenth, began, ended: pool.live.size > 0 ? undefined : lastEnd })
}

/** Milliseconds of a clock that processes share. */
function epochNow(): number {
  return performance.timeOrigin + performance.now()
}

/** Fetch 64 bytes on a connection; tells when it is over, and whether they came. */
function fetch(pool: Pool, connection: Connection, events: number): 'waiting' | 'served' | 'failed' {
  if (connection.state !== 'ready') {
    const outcome = pool.advance(connection, events)
    if (outcome !== 'ready') return outcome
    send(connection.fd, chunk, 64, MSG_NOSIGNAL)
    return 'waiting'
  }
  const count = recv(connection.fd, chunk, 4096, 0)
  if (count > 0) connection.moved += count
  if (connection.moved >= 64) return 'served'
  if (count > 0 || count === -errno.EAGAIN) return 'waiting'
  pool.reason = `the connection ended after ${connection.moved} bytes`
  return 'failed'
}

function connections({ way, inFlight, seconds, refused }: Of<'connections'>): void {
  const pool = new Pool(way)
  const micros: number[] = []
  let failures = 0
  const end = begin()
  for (let i = 0; i < inFlight; i++) pool.open()
  for (const last = performance.now() + seconds * 1000; performance.now() < last; ) {
    pool.wait(100, (connection, events) => {
      const outcome = fetch(pool, connection, events)
      if (outcome === 'waiting') return
      if ((outcome === 'failed') === (refused ?? false)) micros.push(microsSince(connection.begun))
      else failures++
      pool.shut(connection)
      pool.open()
    })
  }
  const late = performance.now() - 1000
  const lost = [...pool.live.values()].filter(({ begun }) => begun < late).length
  end({ connections: micros.length, failures, lost, reason: pool.reason, micros })
}

function burst({ way, count, seconds }: Of<'burst'>): void {
  const pool = new Pool(way)
  let served = 0
  const end = begin()
  const last = performance.now() + seconds * 1000
  for (let i = 0; i < count; i++) pool.open()
  while (pool.live.size > 0 && performance.now() < last) {
    pool.wait(100, (connection, events) => {
      const outcome = fetch(pool, connection, events)
      if (outcome === 'waiting') return
      if (outcome === 'served') served++
      pool.shut(connection)
    })
  }
  end({ connections: served, failures: count - served, reason: pool.reason })
}

function pingpong({ way, seconds }: Of<'pingpong'>): void {
  const pool = new Pool(way)
  pool.openAll(1)
  const micros: number[] = []
  const end = begin()
  const last = performance.now() + seconds * 1000
  for (const { fd } of pool.live.values()) {
    for (let sent = performance.now(); sent < last; sent = performance.now()) {
      send(fd, chunk, 64, MSG_NOSIGNAL)
      for (let left = 64; left > 0; ) {
        const count = recv(fd, chunk, left, 0)
        if (count > 0) left -= count
        else if (count === -errno.EAGAIN) pool.wait(100, () => {})
        else throw new Error('the ping-pong was cut')
      }
      micros.push(microsSince(sent))
    }
  }
  end({ connections: micros.length, micros })
}

async function datagrams({ proxyPort, bytes, seconds, joined }: Of<'datagrams'>): Promise<void> {
  const ends = new Ends(joined)
  const port = proxyPort === undefined ? ends.targetPort : await associate(proxyPort)
  const end = begin()
  const { returned, lost } = ends.exchange({ port, wrapped: proxyPort !== undefined, payload: bytes, seconds })
  end({ connections: returned, lost })
  process.exit()
}

function microsSince(then: number): number {
  return Math.round((performance.now() - then) * 10_000) / 10
}

/** The load goes on until whoever asked for it closes our standard input. */
function untilStdinEnds(): void {
  const end = begin()
  process.stdin.on('end', () => {
    end({})
    process.exit()
  })
  process.stdin.resume()
}

// What a server refuses is no fault of ours: the reason is enough.
process.on('uncaughtException', (error) => {
  process.stderr.write(`\n${error.message}\n`)
  process.exit(1)
})

const load: Load = JSON.parse(process.argv[2] ?? '')
switch (load.kind) {
  case 'bulk':
    bulk(load)
    break
  case 'connections':
    connections(load)
    break
  case 'burst':
    burst(load)
    break
  case 'pingpong':
    pingpong(load)
    break
  case 'datagrams':
    await datagrams(load)
    break
  case 'hold': {
    const pool = new Pool(load.way)
    pool.openAll(load.count)
    if (load.moving) setInterval(() => pool.moveAll(), 1000)
    untilStdinEnds()
    break
  }
  case 'watch':
    await watch(load.socket)
    untilStdinEnds()
    break
  case 'guesses':
    guess(load.port, load.username, load.rate, load.sources)
    untilStdinEnds()
    break
  case 'flood':
    await flood(load.socket, load.rate)
    untilStdinEnds()
}
