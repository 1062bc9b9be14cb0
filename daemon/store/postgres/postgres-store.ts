import { LendableStore, type Part } from '../lendable-store.ts'
import { type BackupStore, type FleetStore, type Store, StoreError } from '../store.ts'
import { postgresAudit } from './audit.ts'
import { postgresBans, postgresKnown } from './bans.ts'
import { Connections } from './connections.ts'
import { damaged } from './errors.ts'
import { postgresFleet } from './fleet.ts'
import { postgresGroups } from './groups.ts'
import { postgresImports } from './imports.ts'
import { postgresOperators } from './operators.ts'
import type { Place } from './place.ts'
import { postgresRules } from './rules.ts'
import { expectSchema, keepSearchPath } from './schema.ts'
import { postgresSettings } from './settings.ts'
import { postgresUsage } from './usage.ts'
import { postgresUsers } from './users.ts'
import { postgresWatches } from './watches.ts'

export interface PostgresOptions {
  readonly place: Place
  /** Asked for with each connection. Rejects with a StoreError. */
  readonly password: () => Promise<string>
  /** The name of this daemon in its fleet. */
  readonly node: string
}

/**
 * Opens the store of a fleet, which `migrate` has made. Rejects with a StoreError. Calls go there at once, a few at a time, and
 * those that find the server away reject after 5 s at most, 15 s of one that does not answer any more.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const connections = await Connections.open(options.place, options.password)
  try {
    await expectSchema(connections)
    await keepSearchPath(connections)
    await connections.identify()
  } catch (error) {
    await connections.close()
    throw error
  }
  return new PostgresStore(connections, options.node)
}

type Calls = Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>

class PostgresStore extends LendableStore {
  readonly fleet: FleetStore
  readonly #connections: Connections
  readonly #parts: { readonly [Name in Part]: Store[Name] }

  constructor(connections: Connections, node: string) {
    super(connections.place.called)
    this.#connections = connections
    this.fleet = postgresFleet(connections, node)
    this.#parts = {
      users: postgresUsers(connections, node),
      groups: postgresGroups(connections, node),
      usage: postgresUsage(connections, node),
      operators: postgresOperators(connections, node),
      settings: postgresSettings(connections, node),
      bans: postgresBans(connections, node),
      known: postgresKnown(connections, node),
      rules: postgresRules(connections, node),
      imports: postgresImports(connections, node),
      backups: noBackups(connections.place),
      audit: postgresAudit(connections, node),
      watches: postgresWatches(connections, node),
    }
  }

  protected async call(part: Part, method: string, given: readonly unknown[]): Promise<unknown> {
    try {
      return await (this.#parts[part] as unknown as Calls)[method](...given)
    } catch (error) {
      throw error instanceof SyntaxError ? damaged(this.#connections.place.called, part, error) : error
    }
  }

  /** It has no thread of its own. */
  async shrink(): Promise<void> {}

  /** Others may have it open at the same time: nothing has to be closed, and there is nothing to be read from a copy. */
  protected async lendIt(): Promise<void> {}

  protected async takeItBack(): Promise<void> {}

  protected giveItAway(): void {}

  protected askGivenAway(part: Part, method: string, given: readonly unknown[]): Promise<unknown> {
    return this.call(part, method, given)
  }

  protected closeIt(): Promise<void> {
    return this.#connections.close()
  }
}

function noBackups({ called }: Place): BackupStore {
  return {
    async make() {
      throw new StoreError(
        'failed',
        `${called} is not backed up by proxyd: use pg_dump, or what the server has for that`,
      )
    },
  }
}
