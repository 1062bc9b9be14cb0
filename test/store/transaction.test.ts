import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { inTransaction } from '../../daemon/store/transaction.ts'

function newDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE words (word TEXT NOT NULL)')
  return database
}

const wordsIn = (database: DatabaseSync) =>
  database
    .prepare('SELECT word FROM words')
    .all()
    .map(({ word }) => word)

it('keeps all of the work, and returns what came of it', () => {
  const database = newDatabase()
  expect(inTransaction(database, () => database.exec("INSERT INTO words VALUES ('a'), ('b')"))).toBeUndefined()
  expect(inTransaction(database, () => 7)).toBe(7)
  expect(wordsIn(database)).toEqual(['a', 'b'])
})

it('undoes the work that fails half done', () => {
  const database = newDatabase()
  const work = () => {
    database.exec("INSERT INTO words VALUES ('a')")
    throw new Error('half done')
  }
  expect(() => inTransaction(database, work)).toThrow('half done')
  expect(wordsIn(database)).toEqual([])
})

it('tells what a full disk says, though SQLite has undone the work by then, and goes on once there is room', () => {
  const database = newDatabase()
  database.exec('PRAGMA max_page_count = 10')
  const long = 'x'.repeat(1000)
  const work = () => {
    for (let i = 0; i < 100; i++) database.prepare('INSERT INTO words VALUES (?)').run(long)
  }
  expect(() => inTransaction(database, work)).toThrow('database or disk is full')
  expect(wordsIn(database)).toEqual([])
  database.exec('PRAGMA max_page_count = 1000')
  inTransaction(database, work)
  expect(wordsIn(database)).toHaveLength(100)
})
