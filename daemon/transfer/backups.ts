import { open, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { whyNot } from '../../shared/file-trouble.ts'
import type { Params, Result } from '../../shared/protocol/methods.ts'
import { errnoOf } from '../failure.ts'
import { foreignness, unsafeAnywhereAbove } from '../foreign-files.ts'
import { Refusal } from '../refusal.ts'
import type { BackupStore } from '../store/store.ts'
import { Turns } from '../turns.ts'

/** Copies of the store, one at a time. Throws a Refusal, and then there is no new file. */
export class Backups {
  readonly #store: BackupStore
  readonly #turns = new Turns()

  constructor(store: BackupStore) {
    this.#store = store
  }

  make({ file }: Params<'transfer.backup'>): Promise<Result<'transfer.backup'>> {
    return this.#turns.take(async () => {
      await reserve(file)
      try {
        return { bytes: await this.#store.make(file) }
      } catch (error) {
        for (const part of [file, `${file}-journal`]) await rm(part, { force: true }).catch(() => {})
        throw error
      }
    })
  }
}

/**
 * Makes an empty file of that name, for this user only, which SQLite then fills. Where somebody else can write, they could
 * put another in its place meanwhile, or a journal beside it.
 */
async function reserve(file: string): Promise<void> {
  const folder = dirname(file)
  if (!isAbsolute(file)) throw new Refusal('invalid', `name the file by its path from / on, which ${file} is not`)
  try {
    const { uid, mode } = await stat(folder)
    if (foreignness(folder, { uid, mode }))
      throw new Refusal('invalid', `others can write to ${folder}: name a folder that only proxyd's user can write to`)
    const reason = unsafeAnywhereAbove(folder)
    if (reason) throw new Refusal('invalid', reason)
    await (await open(file, 'wx', 0o600)).close()
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (errnoOf(error) === 'EEXIST') throw new Refusal('exists', `${file} is there already: name another file`)
    const why = whyNot(error, file, "name a file that proxyd's user can make")
    throw new Refusal('unavailable', `cannot write ${file}: ${why}`)
  }
}
