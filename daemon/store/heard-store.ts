import type { Store } from './store.ts'

/** Hears of each change how many milliseconds it took, and what kept it from being stored, if something did. */
export type ChangeListener = (took: number, error?: unknown) => void

/** The same store, but `heard` is told of each change to users, operators and settings. */
export function hearChanges(store: Store, heard: ChangeListener): Store {
  const told =
    <Given extends unknown[], Result>(change: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      const began = performance.now()
      try {
        const result = await change(...given)
        heard(performance.now() - began)
        return result
      } catch (error) {
        heard(performance.now() - began, error)
        throw error
      }
    }
  const { users, operators, settings } = store
  return {
    users: {
      list: () => users.list(),
      insert: told((user) => users.insert(user)),
      update: told((user) => users.update(user)),
      remove: told((name) => users.remove(name)),
    },
    operators: {
      list: () => operators.list(),
      insert: told((operator) => operators.insert(operator)),
      update: told((operator) => operators.update(operator)),
      remove: told((name) => operators.remove(name)),
      decoySecret: () => operators.decoySecret(),
    },
    settings: {
      load: () => settings.load(),
      save: told((revision, changes) => settings.save(revision, changes)),
    },
    close: () => store.close(),
  }
}
