import { parentPort, workerData } from 'node:worker_threads'
import { Reason, SessionTable, State } from '../../../daemon/engine/session-table.ts'
import { Command } from '../../../daemon/socks/messages.ts'

/** A thread that does to a session table what a loop does whose sessions end as fast as it is told, and nothing else. */
export interface EndedSessions {
  readonly capacity: number
  readonly buffer: SharedArrayBuffer
  /** A second. */
  readonly rate: number
  readonly seconds: number
}

const { capacity, buffer, rate, seconds }: EndedSessions = workerData
const table = new SessionTable(capacity, buffer)
const name = Buffer.from('www.example.com')
/** What is late is not all made up for at once, for no loop could. */
const mostAtOnce = rate / 100
let last = performance.now()
let done = 0

const timer = setInterval(() => {
  const now = performance.now()
  const due = Math.min(Math.floor(((now - last) * rate) / 1000), mostAtOnce, rate * seconds - done)
  for (let i = 0; i < due; i++) visit(++done)
  last = now
  if (done < rate * seconds) return
  clearInterval(timer)
  const { user, system } = process.threadCpuUsage()
  parentPort?.postMessage((user + system) / 1e6)
}, 1)

function visit(serial: number): void {
  const now = performance.now()
  table.clientAddress.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, serial & 255])
  table.clientPort[0] = serial & 65_535
  table.begin(0, serial, now)
  table.login(0, 1 + (serial & 1023))
  table.command[0] = Command.connect
  table.targetPort[0] = 443
  table.name[0] = name.length
  table.name.set(name, 1)
  table.enter(0, State.resolving, now)
  table.targetAddress.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 51, 100, 7])
  table.enter(0, State.connecting, now)
  table.enter(0, State.open, now)
  table.up[0] = 611
  table.down[0] = 5120
  table.end(0, Reason.finished, now)
}
