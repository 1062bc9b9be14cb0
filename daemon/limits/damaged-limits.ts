import { isLimit, type LimitName, type Limits, type LimitValue, readLimit } from '../../shared/limits.ts'
import { isEgress } from '../net/egress.ts'
import { parseNetwork } from '../net/network.ts'
import { damagedLimits } from '../store/store.ts'

/** Of many whose limits are damaged, so many are named. */
const mostNamed = 20

const judged = new WeakMap<Limits, readonly LimitName[]>()
/** To read one takes long. */
const zones = new Set<LimitValue>()

/**
 * Those that mean nothing, as what was changed behind the back of proxyd: nobody knows what they would keep somebody from. What
 * a later proxyd has stored, and this one does not know, is none of them.
 */
export function damagedIn(limits: Limits): readonly LimitName[] {
  const known = judged.get(limits)
  if (known) return known
  const damaged = Object.keys(limits)
    .filter((name) => isLimit(name))
    .filter((name) => !isSound(name, limits[name]))
  judged.set(limits, damaged)
  return damaged
}

function isSound(name: LimitName, value: LimitValue | undefined): boolean {
  if (value === undefined || zones.has(value)) return true
  try {
    const read = readLimit(name, value)
    refuseNonsense(name, read)
    if (name === 'time-zone') zones.add(value)
    return typeof read === typeof value && (read === null) === (value === null)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Throws a RangeError for a value of `readLimit` that is none for this daemon. */
export function refuseNonsense(name: LimitName, value: LimitValue | undefined): void {
  if (typeof value !== 'object' || value === null) return
  if (name === 'sources') for (const text of value) parseNetwork(text)
  if (name !== 'egress') return
  const bad = value.find((text) => !isEgress(text))
  if (bad !== undefined)
    throw new RangeError(`egress is addresses of this machine or an interface, which ${JSON.stringify(bad)} is not`)
}

/** What of these limits is damaged, for `damageWarning`; undefined: nothing. */
export function damageOf(of: 'user' | 'group', name: string, limits: Limits): string | undefined {
  const damaged = damagedIn(limits)
  if (damaged.length === 0) return undefined
  const which = limits.expires === damagedLimits.expires ? 'all' : damaged.join(', ')
  return `${which} of the ${of} ${JSON.stringify(name)}`
}

/** For people, in one line. */
export function damageWarning(damages: readonly string[]): string {
  const more = damages.length > mostNamed ? `; and of ${damages.length - mostNamed} more` : ''
  const mend =
    "whoever has them counts as expired until they are set anew with 'users set' or 'groups set', expires last"
  return `limits in the store are damaged (${damages.slice(0, mostNamed).join('; ')}${more}): ${mend}`
}
