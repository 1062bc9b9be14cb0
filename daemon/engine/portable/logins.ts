import type { EngineServices } from '../engine.ts'
import { PasswordMemory } from '../password-memory.ts'

/** Checks logins: quickly those that were good before, by the control plane all others. */
export class Logins {
  readonly #services: Pick<EngineServices, 'authenticate'>
  readonly #memory = new PasswordMemory()

  constructor(services: Pick<EngineServices, 'authenticate'>) {
    this.#services = services
  }

  /** Resolves to the user's index, or undefined for a wrong login. Never rejects. */
  async authenticate(username: Uint8Array, password: Uint8Array): Promise<number | undefined> {
    const remembered = this.#memory.recall(username, password)
    if (remembered !== undefined) return remembered
    const user = await this.#services.authenticate(username, password)
    if (user !== undefined) this.#memory.remember(username, password, user)
    return user
  }

  /** The user has changed: their next login goes to the control plane. */
  forget(user: number): void {
    this.#memory.forget(user)
  }
}
