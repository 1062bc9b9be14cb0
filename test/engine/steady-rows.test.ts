import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { readSteadily, SessionTable, stateCount } from '../../daemon/engine/session-table.ts'

it('reads rows of one moment, while a loop gives the slot from session to session', async () => {
  const table = new SessionTable(1)
  const path = JSON.stringify(new URL('../../daemon/engine/session-table.ts', import.meta.url).href)
  const last = 200_000
  const loop = new Worker(
    `const { workerData } = require('node:worker_threads')
    import(${path}).then(({ SessionTable, Reason }) => {
      const table = new SessionTable(1, workerData)
      for (let serial = 1; serial <= ${last}; serial++) {
        table.begin(0, serial, serial)
        table.login(0, serial % 60_000)
        if (serial < ${last}) table.end(0, Reason.finished, serial)
      }
    })`,
    { eval: true, workerData: table.buffer },
  )
  const ended = once(loop, 'exit')
  onTestFinished(() => void loop.terminate())
  const moments = new Set<number>()
  for (let serial = 0; serial < last; ) {
    const { value, guard } = readSteadily(table, 0, () => {
      return { serial: table.serial[0] ?? 0, since: table.since[0], user: table.user[0], state: table.state[0] }
    })
    // Odd: the other thread was held up in the middle of a change, for longer than anybody waits.
    if (guard % 2 === 0) {
      ;({ serial } = value)
      expect(value.since).toBe(serial)
      if (value.user !== 0) expect(value.user).toBe(serial % 60_000)
      moments.add(serial)
    }
    await new Promise(setImmediate)
  }
  expect(table.since.subarray(1, stateCount).every((since) => since === 0)).toBe(true)
  expect(moments.size).toBeGreaterThan(1)
  await ended
})
