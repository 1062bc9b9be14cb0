import type { Connections } from '../../../daemon/store/postgres/connections.ts'
import { postgresFleet } from '../../../daemon/store/postgres/fleet.ts'
import { postgresUsage } from '../../../daemon/store/postgres/usage.ts'
import { postgresUsers } from '../../../daemon/store/postgres/users.ts'
import { type ChangeMark, type LeaseAsk, type StoredNode, usageCells, usageWidth } from '../../../daemon/store/store.ts'

/** What a node asks of the store of its fleet, by the classes that a node has for it. */
export class SimulatedNode {
  readonly name: string
  readonly #fleet: ReturnType<typeof postgresFleet>
  readonly #usage: ReturnType<typeof postgresUsage>
  readonly #users: ReturnType<typeof postgresUsers>
  readonly #run = Math.floor(Math.random() * 2 ** 40)
  readonly #firstUser: number
  #batches = 0
  #last: ChangeMark = { seq: 0, made: 0 }

  /** Serves users from this id on. */
  constructor(connections: Connections, name: string, firstUser: number) {
    this.name = name
    this.#fleet = postgresFleet(connections, name)
    this.#usage = postgresUsage(connections, name)
    this.#users = postgresUsers(connections, name)
    this.#firstUser = firstUser
  }

  async probe(): Promise<void> {
    this.#last = (await this.#fleet.changesSince(this.#last))?.at(-1) ?? this.#last
  }

  async lookForOrders(): Promise<void> {
    await this.#fleet.takeOrders()
  }

  async beat(): Promise<void> {
    await this.#fleet.beat(told(this.name))
  }

  async listNodes(): Promise<void> {
    await this.#fleet.nodes()
  }

  async countUsers(): Promise<void> {
    await this.#users.count()
  }

  /** As a login of somebody who is not in memory does. */
  async fetchUser(at: number): Promise<void> {
    const user = await this.#users.named(`user${this.#firstUser + at}`)
    if (user) await this.#fleet.leases.totals([user.id])
  }

  async saveUsage(count: number): Promise<void> {
    const rows = new Float64Array(count * usageWidth)
    for (let i = 0; i < count; i++) {
      const at = i * usageWidth
      rows[at + usageCells.user] = this.#firstUser + i
      rows[at + usageCells.moreUp] = 1_000
      rows[at + usageCells.moreDown] = 100_000
      rows[at + usageCells.moreConnections] = 1
    }
    await this.#usage.save({ run: this.#run, number: ++this.#batches, time: Date.now(), rows })
  }

  async refreshLeases(count: number): Promise<void> {
    const asks = Array.from({ length: count }, (_, i) => askFor(this.#firstUser + i))
    await this.#fleet.leases.refresh(asks)
    if (count > 0) await this.#fleet.leases.totals(asks.map(({ user }) => user))
  }
}

/** Of a user with a quota, a cap and a rate. */
function askFor(user: number): LeaseAsk {
  return {
    user,
    limits: { quota: 50e9, maxConnections: 100, rateUp: undefined, rateDown: 10e6 },
    unused: 1 << 20,
    wantsBytes: 4 << 20,
    live: 3,
    wantsSlots: 11,
    wantsUp: 0,
    wantsDown: 1e6,
  }
}

function told(name: string): StoredNode {
  return {
    ...{ name, version: '1.0.0', started: Date.now(), state: 'serves', connections: 300, up: 1e5, down: 1e6, cpu: 0.2 },
    socks: ['192.0.2.1:1080'],
    control: ['192.0.2.1:1081'],
  }
}
