import { type OperatorChange, type OperatorStore, type StoredOperator, StoreError } from '../../daemon/store/store.ts'

/** A store in memory, that can fail. */
export class FakeOperatorStore implements OperatorStore {
  readonly rows = new Map<string, StoredOperator>()
  fails = false

  async list(): Promise<StoredOperator[]> {
    return [...this.rows.values()]
  }

  async insert(operator: StoredOperator): Promise<boolean> {
    this.#work()
    if (this.rows.has(operator.name)) return false
    this.rows.set(operator.name, operator)
    return true
  }

  async update({ name, created, role, keys }: OperatorChange): Promise<boolean> {
    this.#work()
    const before = this.rows.get(name)
    if (before?.created !== created) return false
    this.rows.set(name, { ...before, ...(role && { role }), ...keys })
    return true
  }

  async remove(name: string): Promise<void> {
    this.#work()
    this.rows.delete(name)
  }

  async decoySecret(): Promise<Uint8Array> {
    return new Uint8Array(32)
  }

  #work(): void {
    if (this.fails) throw new StoreError('failed', 'the disk is full')
  }
}
