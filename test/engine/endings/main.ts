import type { Orders, Report } from './report.ts'
import { endings } from './scripts.ts'
import { blackHole, type Script, Stage } from './stage.ts'
import { type Places, Visit } from './visit.ts'
import type { Wire } from './wire.ts'

/**
 * A crowd of clients and their targets: one process, one thread, made of the same system calls as the engine, so that
 * 50,000 connections take seconds. Clients come from many addresses and go to many, for there are 28,000 ports to each.
 */

const sources = 200
const targets = 32

const orders: Orders = JSON.parse(process.argv[2] ?? '')
const stage = new Stage()
const failures: string[] = []
const up = { sent: 0, received: 0 }
const down = { sent: 0, received: 0 }
const inFlight = new Set<string>()
let begun = 0
let done = 0

/** A target address, and who has come there and not been claimed, by the port they came from. */
class Target {
  readonly address: Uint8Array
  readonly port: number
  readonly #arrived = new Map<number, Wire>()
  readonly #expected = new Map<number, Script>()

  constructor(address: Uint8Array) {
    this.address = address
    this.port = stage.listen(address, (wire, port) => this.#arrive(wire, port))
  }

  *arrival(port: number, client: Wire): Script<Wire> {
    for (;;) {
      const wire = this.#arrived.get(port)
      this.#arrived.delete(port)
      if (wire) return wire
      if (client.isOver()) throw new Error('ended before its target was met')
      this.#expected.set(port, stage.acting)
      yield
    }
  }

  #arrive(wire: Wire, port: number): void {
    this.#arrived.set(port, wire)
    stage.begin(this.#attend(wire, port))
    const expected = this.#expected.get(port)
    this.#expected.delete(port)
    if (expected) stage.wake(expected)
  }

  /** Until it is claimed: answer its end with ours, for its port may be given to another. */
  *#attend(wire: Wire, port: number): Script {
    stage.own(wire)
    while (!wire.isOver()) yield
    this.#arrived.delete(port)
    stage.disown(wire)
    wire.close()
  }
}

const loopback = Uint8Array.of(127, 0, 0, 1)
const hole = { address: Uint8Array.of(127, 0, 3, 1), port: blackHole(Uint8Array.of(127, 0, 3, 1)) }
const places: Places[] = Array.from({ length: targets }, (_, i) => {
  const target = new Target(Uint8Array.of(127, 0, 1, 1 + i))
  return {
    proxy: { address: loopback, port: orders.port },
    target,
    blackHole: hole,
    source: loopback,
    arrival: (port, client) => target.arrival(port, client),
  }
})

function* visit(name: string, number: number): Script {
  const ending = endings.get(name)
  const place = places[number % targets]
  if (!ending || !place) throw new Error(`no ending ${name}`)
  const source = Uint8Array.of(127, 0, 2, 1 + (number % sources))
  const visit = new Visit(stage, { ...place, source }, ending.keepsLittle)
  const label = `${name} #${number}`
  inFlight.add(label)
  try {
    yield* ending.run(visit)
  } catch (error) {
    failures.push(`${label}: ${error instanceof Error ? error.message : error}`)
  }
  visit.leave()
  count(visit)
  inFlight.delete(label)
  done++
}

function count({ client, reached }: Visit): void {
  up.sent += client.sent
  up.received += reached?.received ?? 0
  down.sent += reached?.sent ?? 0
  down.received += client.received
}

/** Every ending as often as its weight says, spread evenly: the rare ones do not come all at once. */
function programme(): string[] {
  const wanted = [...endings].filter(([, ending]) => ending.exact || !orders.exactOnly)
  const spread = wanted.flatMap(([name, { weight }]) =>
    Array.from({ length: weight }, (_, i) => ({ name, at: (i + 0.5) / weight })),
  )
  return spread.sort((a, b) => a.at - b.at).map(({ name }) => name)
}

const names = programme()
try {
  while (done < orders.count) {
    for (; begun < orders.count && begun - done < orders.atOnce; begun++)
      stage.begin(visit(names[begun % names.length] ?? '', begun))
    stage.turn()
  }
} catch (error) {
  failures.push(`${error instanceof Error ? error.message : error}: ${[...inFlight].slice(0, 20).join(', ')}`)
}
const report: Report = { done, failures: failures.slice(0, 20), up, down }
process.stdout.write(JSON.stringify(report))
process.exit()
