import { setImmediate } from 'node:timers/promises'
import type { Engine, RuleMemory } from '../engine/engine.ts'
import { State } from '../engine/session-table.ts'
import { RowSubject } from '../engine/shared/row-subject.ts'
import { placeOf } from '../engine/shared/verdicts.ts'
import { Judge } from '../policy/judge.ts'
import { OwnSockets } from '../policy/own-sockets.ts'
import { RuleSet } from '../policy/rule-set.ts'
import type { Members } from './rule-subjects.ts'

/** Rows looked at before others have their turn. */
const rowsAtOnce = 1024

/** How many live sessions these rules would end. The rows are read as they are: one that changes meanwhile may be missed. */
export async function wouldEnd(
  { rules }: RuleMemory,
  { engine: { tables }, members }: { readonly engine: Pick<Engine, 'tables'>; readonly members: Members },
): Promise<number> {
  const judge = new Judge(new OwnSockets([], () => false), new RuleSet(rules))
  let count = 0
  for (const table of tables) {
    const subject = new RowSubject(table, (user) => members.groupOf(user))
    for (let slot = 0; slot < table.capacity; slot++) {
      if (slot % rowsAtOnce === rowsAtOnce - 1) await setImmediate()
      const state = table.state[slot]
      if (table.serial[slot] === 0 || state === State.negotiating || state === State.closing) continue
      if (judge.review(subject.of(slot), placeOf(table, slot)) < 0) count++
    }
  }
  return count
}
