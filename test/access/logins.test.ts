import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { type LoginFailure, Logins } from '../../daemon/access/logins.ts'
import { Passwords } from '../../daemon/access/passwords.ts'
import type { Admission } from '../../daemon/engine/engine.ts'
import { formatAddress, parseLiteral } from '../../daemon/net/address.ts'
import { bytes } from '../helpers/bytes.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

const passwords = new Passwords()
const secret = await passwords.hash('secret')

describe('a login', () => {
  let accounts: Accounts
  let logins: Logins
  /** Where somebody logged in well before. */
  let known: Set<string>
  /** What was told of failures, a repeated one once. */
  let failures: { from: string; name: string; failure: LoginFailure }[]
  const told = new Set<string>()
  /** Whence logins had to be dropped. */
  let crowded: string[]
  const sources = {
    crowded: (address: Uint8Array) => void crowded.push(formatAddress(address)),
    isKnown: (address: Uint8Array) => known.has(formatAddress(address)),
    loginFailed(address: Uint8Array, username: Uint8Array, login: number, failure: LoginFailure) {
      const from = formatAddress(address)
      if (told.has(`${from} ${login}`)) return false
      told.add(`${from} ${login}`)
      failures.push({ from, name: Buffer.from(username).toString('latin1'), failure })
      return true
    },
  }
  const admitted = ({ index: user }: Account) => ({ user, revision: accounts.revision })

  beforeEach(() => {
    accounts = new Accounts()
    known = new Set()
    failures = []
    crowded = []
    told.clear()
    logins = new Logins(accounts, passwords, sources)
  })

  function ask(
    username: Uint8Array,
    password: Uint8Array,
    from = '127.0.0.1',
    isWaiting = () => true,
  ): Promise<Admission | undefined> {
    return logins.authenticate({ username, password, source: sourceOf(from) }, isWaiting)
  }

  function add(name: string) {
    return accounts.add({ name, password: secret, id: 1, enabled: true, created: 0, ...noLimits })
  }

  it('is not checked when its turn comes and the client has gone, unless another asks the same', async () => {
    const [ann, bob] = [add('ann'), add('bob')]
    // More than are checked at once.
    const before = Array.from({ length: 4 }, (_, i) => ask(utf8('ann'), utf8(`guess ${i}`), `192.0.2.${i + 1}`))
    let isWaiting = true
    const answers: unknown[] = []
    for (const from of ['192.0.2.9', '192.0.2.10'])
      void ask(utf8('bob'), utf8('wrong'), from, () => isWaiting).then((answer) => answers.push(answer))
    const [, other] = [ask(utf8('bob'), utf8('secret'), '192.0.2.9', () => isWaiting), ask(utf8('bob'), utf8('secret'))]
    isWaiting = false
    await Promise.all(before)
    expect(await other).toEqual(admitted(bob))
    expect(await ask(utf8('ann'), utf8('secret'))).toEqual(admitted(ann))
    expect(failures.filter(({ name }) => name === 'bob')).toEqual([])
    expect([answers, crowded]).toEqual([[], []])
  })

  it('succeeds with the very bytes of name and password', async () => {
    add('ann')
    const bob = add('bób 😀')
    expect(await ask(utf8('bób 😀'), utf8('secret'))).toEqual(admitted(bob))
  })

  it.each([
    ['an unknown name', utf8('ann'), utf8('secret')],
    ['another case', utf8('Bob'), utf8('secret')],
    ['a byte more in the name', bytes('bob', 0), utf8('secret')],
    ['a byte less in the name', utf8('bo'), utf8('secret')],
    ['a byte order mark before the name', utf8('\ufeffbob'), utf8('secret')],
    ['a name that is no UTF-8', bytes('bob', 0xff), utf8('secret')],
    ['a byte more in the password', utf8('bob'), bytes('secret', 0)],
    ['a byte less in the password', utf8('bob'), utf8('secre')],
    ['the end of the name as the start of the password', utf8('bo'), utf8('bsecret')],
    ['an empty password', utf8('bob'), bytes()],
  ])('fails with %s', async (_what, name, password) => {
    add('bob')
    expect(await ask(name, password)).toBeUndefined()
  })

  it('fails with a broken character where a user has its replacement', async () => {
    add('\ufffd')
    expect(await ask(bytes(0xff), utf8('secret'))).toBeUndefined()
  })

  it('fails for a disabled user', async () => {
    accounts.put({ ...add('bob'), enabled: false })
    expect(await ask(utf8('bob'), utf8('secret'))).toBeUndefined()
  })

  it('does not depend on what becomes of the bytes', async () => {
    const bob = add('bob')
    const [name, password] = [utf8('bob'), utf8('secret')]
    const login = ask(name, password)
    name.fill(0)
    password.fill(0)
    expect(await login).toEqual(admitted(bob))
  })

  it('fails if the user is removed, disabled or given another password while it is checked', async () => {
    const other = await passwords.hash('other')
    const [ann, bob, cid] = [add('ann'), add('bob'), add('cid')]
    const pending = ['ann', 'bob', 'cid'].map((name) => ask(utf8(name), utf8('secret')))
    accounts.remove(ann)
    accounts.put({ ...bob, enabled: false })
    accounts.put({ ...cid, password: other })
    expect(await Promise.all(pending)).toEqual([undefined, undefined, undefined])
  })

  it('is checked again if the user changes while it is checked', async () => {
    const other = await passwords.hash('other')
    const [ann, bob, cid] = [add('ann'), add('bob'), add('cid')]
    const pending = [
      ask(utf8('ann'), utf8('other')),
      ask(utf8('bob'), utf8('secret')),
      ask(utf8('cid'), utf8('secret')),
      ask(utf8('dan'), utf8('secret')),
    ]
    accounts.put({ ...ann, password: other })
    accounts.put({ ...bob, enabled: false })
    accounts.put({ ...bob, enabled: true })
    accounts.remove(cid)
    const [cidAgain, dan] = [add('cid'), add('dan')]
    expect(await Promise.all(pending)).toEqual([ann, bob, cidAgain, dan].map(admitted))
  })

  it('is checked once for a client that makes many at a time', async () => {
    const bob = add('bob')
    const many = Array.from({ length: 1_000 }, () => ask(utf8('bob'), utf8('secret')))
    expect(new Set((await Promise.all(many)).map((admission) => admission?.user))).toEqual(new Set([bob.index]))
  })

  it('costs the same for unknown names, broken names and known ones', async () => {
    add('bob')
    const known = await cpuOf(() => ask(utf8('bob'), utf8('wrong')))
    const unknown = await cpuOf(() => ask(utf8('ann'), utf8('wrong')))
    const broken = await cpuOf(() => ask(bytes(0xff), utf8('wrong')))
    expect(unknown).toBeGreaterThan(known / 2)
    expect(broken).toBeGreaterThan(known / 2)
  })

  it('tells why it failed, and a repeated one from one that is new', async () => {
    const [bob, dan] = [add('bob'), add('dan')]
    accounts.put({ ...dan, enabled: false })
    for (const password of ['wrong', 'wrong', 'other']) await ask(utf8('bob'), utf8(password), '192.0.2.1')
    await ask(utf8('eve'), utf8('wrong'), '192.0.2.1')
    await ask(utf8('dan'), utf8('secret'), '2001:db8::1')
    expect(await ask(utf8('bob'), utf8('secret'))).toEqual(admitted(bob))
    const wrong = { from: '192.0.2.1', name: 'bob', failure: 'wrong_password' }
    const others = [
      { from: '192.0.2.1', name: 'eve', failure: 'unknown_user' },
      { from: '2001:db8::1', name: 'dan', failure: 'disabled' },
    ]
    expect(failures).toEqual([wrong, wrong, ...others])
  })

  it('comes first from where somebody is known, and last where nobody is and many guess at the name', async () => {
    const matches = vi.spyOn(passwords, 'matches')
    const standing = async (name: string, from: string) => {
      await ask(utf8(name), utf8('guess'), from)
      return matches.mock.lastCall?.[2].standing
    }
    known.add('192.0.2.1')
    expect(await standing('bob', '192.0.2.1')).toBe('known')
    expect(await standing('bob', '192.0.2.2')).toBe('unknown')
    const many = Array.from({ length: 19 }, (_, i) => ask(utf8('bob'), utf8(`guess${i}`), `192.0.2.${2 + (i % 5)}`))
    await Promise.all(many)
    expect(await standing('bob', '192.0.2.2')).toBe('suspect')
    expect(await standing('ann', '192.0.2.2')).toBe('unknown')
    expect(await standing('bob', '192.0.2.1')).toBe('known')
    matches.mockRestore()
  })

  it('is held back where a known source guesses at a name, and nobody else is', async () => {
    const bob = add('bob')
    known.add('192.0.2.1')
    for (let i = 0; i < 3; i++) await ask(utf8('bob'), utf8(`guess${i}`), '192.0.2.1')
    const matches = vi.spyOn(passwords, 'matches')
    void ask(utf8('bob'), utf8('secret'), '192.0.2.1')
    await setImmediate()
    expect(matches).not.toHaveBeenCalled()
    expect(await ask(utf8('ann'), utf8('guess'), '192.0.2.1')).toBeUndefined()
    expect(await ask(utf8('bob'), utf8('secret'), '192.0.2.2')).toEqual(admitted(bob))
    matches.mockRestore()
    // What has been good is so at once there, too.
    expect(await ask(utf8('bob'), utf8('secret'), '192.0.2.1')).toEqual(admitted(bob))
  })

  it('has no answer if the password cannot be checked, and the log says why', async () => {
    const warnings: string[] = []
    const passwords = new Passwords(undefined, (message) => warnings.push(message))
    const beyondMemory = { ...(await passwords.hash('secret')), cost: 60 }
    const claimant = { source: '127.0.0.1', name: 'bob', standing: 'unknown' } as const
    await expect(passwords.matches(utf8('secret'), beyondMemory, claimant, () => true)).rejects.toThrow()
    expect(warnings).toEqual([expect.stringMatching(/^a password cannot be checked, and its client has no answer: ./)])
  })

  describe('beside a flood of guesses', () => {
    /** The guesses that have been answered. */
    let answered: number

    /** 260 of them, each of another name, from ten addresses. */
    function flood(): void {
      answered = 0
      for (let i = 0; i < 260; i++)
        void ask(utf8(`guess${i}`), utf8('guess'), `127.0.1.${i % 10}`).then(() => answered++)
    }

    beforeEach(() => {
      logins = new Logins(accounts, new Passwords(20), sources)
    })

    it('succeeds from another address, and from the very one where all guess at another name', async () => {
      const bob = add('bob')
      flood()
      expect(await ask(utf8('bob'), utf8('secret'), '127.0.0.2')).toEqual(admitted(bob))
      for (let i = 0; i < 260; i++) void ask(utf8('ann'), utf8(`guess${i}`))
      expect(await ask(utf8('bob'), utf8('secret'))).toEqual(admitted(bob))
    })

    it('succeeds at once if it was good before, until the user changes', async () => {
      const bob = add('bob')
      await ask(utf8('bob'), utf8('secret'))
      flood()
      expect(await ask(utf8('bob'), utf8('secret'), '127.0.0.2')).toEqual(admitted(bob))
      expect(answered).toBe(0)
      accounts.put({ ...bob, enabled: false })
      expect(await ask(utf8('bob'), utf8('secret'))).toBeUndefined()
    })

    it('is never refused for want of room: what is crowded out has no answer', async () => {
      const refused: number[] = []
      const guesses = Array.from({ length: 260 }, (_, i) => {
        return ask(utf8('bob'), utf8(`guess${i}`)).then(() => refused.push(i))
      })
      // What is left of them is checked before somebody who comes later.
      const last = ask(utf8('bob'), utf8('secret'), '127.0.0.2')
      await last
      while (refused.length < 20) await Promise.race(guesses.filter((_, i) => !refused.includes(i)))
      expect(refused.length).toBeLessThanOrEqual(24)
      expect(crowded.length).toBeGreaterThan(200)
      expect(new Set(crowded)).toEqual(new Set(['127.0.0.1']))
    })
  })
})

/** As engines tell it. */
function sourceOf(address: string): Uint8Array {
  const literal = parseLiteral(address) ?? bytes()
  return literal.length === 4 ? bytes(new Uint8Array(10), 0xff, 0xff, literal) : literal
}

/** The least CPU time, in µs, of a few runs: whatever else goes on only adds to it. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const runs: number[] = []
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage()
    await work()
    runs.push(process.cpuUsage(before).user)
  }
  return Math.min(...runs)
}
