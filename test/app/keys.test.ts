import type { Key } from 'ink'
import { describe, expect, test } from 'vitest'
import { findVerb } from '../../shared/commands/verbs.ts'
import type { Connection, Role } from '../../shared/protocol/methods.ts'
import { type Binding, keyLabel } from '../../tui/app/keys/binding.ts'
import { decodeKeys } from '../../tui/app/keys/decode.ts'
import { helpLines, helpShown, hintsFor, hintsOf } from '../../tui/app/keys/help.ts'
import { type KeyContext, keyTable } from '../../tui/app/keys/key-table.ts'
import { replaceTable } from '../../tui/app/state/connections.ts'
import type { Help } from '../../tui/app/state/dialogs.ts'
import { type ListPage, type Page, pages } from '../../tui/app/state/pages.ts'
import { type State, stateAt } from '../../tui/app/state/state.ts'
import { tables } from '../../tui/app/tables/tables.ts'
import { emptyField } from '../../tui/app/text/edit.ts'

const openConnection = (id: string): Connection => ({
  ...{ id, state: 'open', user: 'bob', command: 'connect', client: '10.0.0.1:4000', opened: 0, up: 0, down: 0 },
  ...{ destination: 'a.example:443', address: '192.0.2.1:443' },
})

/** One, which is under the cursor. */
const withConnection: State = {
  ...stateAt(['here']),
  connections: replaceTable(stateAt(['here']).connections, [openConnection('k3fq-1')], 0),
}

const contexts = Object.entries<readonly Binding[]>(keyTable)

describe('the key table', () => {
  test.each(contexts)('%s: no key means two things', (_, bindings) => {
    const keys = bindings.flatMap((binding) => binding.keys)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test.each(contexts)(
    '%s: a key that names a verb alone finds whom that is about among what is selected',
    (_, bindings) => {
      for (const { verb, command } of bindings) {
        if (command !== undefined) continue
        expect(verb).toBeDefined()
        const { takes: [kind] = [], makes, form } = findVerb(verb ?? '')
        // Without a kind, a form asks for the name.
        if (kind === undefined) expect([makes, form]).not.toContain(undefined)
        else expect(['user', 'operator', 'connection', 'connectionOrUser']).toContain(kind)
      }
    },
  )

  test.each(contexts)('%s: the hints fit into 80 columns, all of them', (_, bindings) => {
    const line = hintLine(hintsFor(bindings, 80))
    expect(line.length).toBeLessThanOrEqual(80)
    for (const { hint } of bindings) if (hint) expect(line).toContain(hint)
  })

  test('a letter means one thing, wherever it does anything', () => {
    const meanings = new Map<string, Set<string>>()
    const places = contexts.filter(([name]) => !['confirm', 'result', 'secrets', 'form', 'menu'].includes(name))
    for (const [, bindings] of places) {
      for (const { keys, command, verb } of bindings as readonly Binding[]) {
        // What a key has opened it closes again.
        if (command === 'close') continue
        for (const key of keys.filter((each) => each.length === 1)) {
          const known = meanings.get(key) ?? new Set()
          meanings.set(key, known.add(kindOf(command ?? verb ?? '')))
        }
      }
    }
    const twofold = [...meanings].filter(([, kinds]) => kinds.size > 1).map(([key, kinds]) => [key, ...kinds])
    expect(twofold).toEqual([])
  })

  test('in less room some hints go, but not how to get help or out', () => {
    expect(hintLine(hintsFor(keyTable.connections, 40))).toMatch(/^ x cut .* \? help {2}q quit$/)
    expect(hintLine(hintsFor(keyTable.connections, 40)).length).toBeLessThanOrEqual(40)
  })

  test('in more room there are more hints, in the order of the table', () => {
    const line = hintLine(hintsFor(keyTable.users, 120))
    expect(line).toMatch(/ D delete {2}p password {2}E on\/off {2}x cut {2}Enter detail .* \? help {2}q quit$/)
    for (const width of [72, 80, 100, 120, 240])
      for (const [, bindings] of contexts) expect(hintLine(hintsFor(bindings, width)).length).toBeLessThanOrEqual(width)
  })

  test('a viewer is told of no keys of a page that is not for viewers', () => {
    const at = (page: Page, role: Role) => hintLine(hintsOf({ ...withConnection, page, role }))
    expect(at('connections', 'viewer')).not.toMatch(/mark|detail|filter/)
    expect(at('connections', 'viewer')).toMatch(/\? help {2}q quit$/)
    expect(at('connections', 'operator')).toMatch(/ m mark .* Enter detail {2}\/ filter/)
    expect(at('settings', 'viewer')).toContain('/ filter')
  })

  test('a hint shows only what acts now', () => {
    const hints = (state: State) => hintLine(hintsOf({ ...state, role: 'admin', size: { columns: 240, rows: 60 } }))
    const empty = stateAt(['here'])
    expect(hints({ ...empty, page: 'connections' })).not.toMatch(/\b(cut|all|mark|rule|copy|detail|undo)\b/)
    expect(hints({ ...withConnection, page: 'connections' })).toMatch(/ x cut .* m mark .* R rule .* Enter detail /)
    const unasked = replaceTable(empty.connections, [{ ...openConnection('k3fq-1'), destination: null }], 0)
    expect(hints({ ...empty, connections: unasked, page: 'connections' })).not.toMatch(/ R rule /)
    expect(hints({ ...empty, page: 'overview' })).toMatch(/- longer(?!.*(shorter|select|user))/)
    const traffic = { ...empty.traffic, users: [{ name: 'bob', connections: 1, down: 0, up: 0 }] }
    expect(hints({ ...empty, traffic })).toMatch(/ select (?!.*Enter user)/)
    const overview = { ...empty.overview, selected: { user: 'bob' } }
    expect(hints({ ...empty, traffic, overview })).toMatch(/ Enter user /)
    expect(hints({ ...empty, undo: { of: empty.current, call: { verb: 'disable', values: ['bob'] } } })).toMatch(
      / u undo /,
    )
  })

  test('read-only, keys that change something are in neither hints nor help; those that show are in both', () => {
    const open: Help = { kind: 'help', scroll: 0, find: emptyField, isTyped: false }
    for (const columns of [80, 120]) {
      const state: State = {
        ...withConnection,
        page: 'connections',
        role: 'admin',
        readOnly: true,
        size: { columns, rows: 40 },
      }
      for (const text of [hintLine(hintsOf(state)), helpShown({ ...state, dialog: open }, open).join('\n')]) {
        expect(text).not.toMatch(/^ [xXR] /m)
        expect(text).toMatch(/Enter +(detail|all about)/)
      }
    }
  })

  test.each(contexts)('the help for %s names every key there and what it does (17)', (context, bindings) => {
    const help = helpLines(context as KeyContext).map((line) => line.trim().split(/ {2,}/))
    for (const { keys, summary } of bindings)
      expect(help).toContainEqual([keys.map(keyLabel).join(', '), expect.stringContaining(summary)])
  })

  test.each(contexts)('where no text is typed, %s has help, or it is in the help of each page', (context, bindings) => {
    if (context === 'mini' || context === 'help' || context === 'find' || context === 'naming') return
    const own = bindings.some(({ command }) => command === 'help')
    const help = helpLines('users')
    expect(own || bindings.every(({ summary }) => help.some((line) => line.includes(summary)))).toBe(true)
  })

  test('help has two columns where there is room, with keys and the grammar of filters on top', () => {
    const state: State = { ...stateAt(['here']), page: 'connections', size: { columns: 120, rows: 40 } }
    const help: Help = { kind: 'help', scroll: 0, find: emptyField, isTyped: false }
    const lines = helpShown({ ...state, dialog: help }, help)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(120)
    expect(lines[0]).toMatch(/^ x {8,}.* A filter is made of words/)
    const all = lines.join('\n').replaceAll(/\s+/g, ' ')
    for (const word of ['While a command is typed', 'quit; so does Ctrl-C', 'numbers']) expect(all).toContain(word)
    const narrow = helpShown({ ...state, dialog: help, size: { columns: 99, rows: 40 } }, help)
    expect(narrow.length).toBeGreaterThan(lines.length)
  })

  test('the help names the fields that a filter of the page knows', () => {
    for (const [page, { fields }] of Object.entries(tables)) {
      const help = helpLines(page as ListPage).join('\n')
      for (const field of Object.keys(fields)) expect(help).toMatch(new RegExp(`\\b${field}[:>]`))
    }
    expect(helpLines('overview').join('\n')).not.toContain('in one field')
  })

  test.each(pages)('on %s Esc does not quit, q does (18)', (page) => {
    const bindings: readonly Binding[] = keyTable[page]
    const command = (key: string) => bindings.find(({ keys }) => keys.includes(key))?.command
    expect(command('esc')).not.toBe('quit')
    expect(command('q')).toBe('quit')
  })
})

describe('decoding', () => {
  const pressed = (...flags: (keyof Key)[]) => Object.fromEntries(flags.map((flag) => [flag, true])) as unknown as Key

  test.each([
    ['j', pressed(), ['j']],
    ['J', pressed('shift'), ['J']],
    ['', pressed('upArrow'), ['up']],
    ['', pressed('tab'), ['tab']],
    ['', pressed('tab', 'shift'), ['shift+tab']],
    ['f', pressed('ctrl'), ['ctrl+f']],
    ['1', pressed('meta'), ['alt+1']],
    [' ', pressed(), ['space']],
    ['bob\rpw', pressed(), ['b', 'o', 'b', 'enter', 'p', 'w']],
    ['j\u0006k', pressed(), ['j', 'ctrl+f', 'k']],
    ['漢👍', pressed(), ['漢', '👍']],
  ])('%j', (input, key, names) => {
    expect(decodeKeys(input, key)).toEqual(names)
  })
})

/** The bottom line. */
function hintLine(hints: ReturnType<typeof hintsFor>): string {
  return hints.reduce((line, { text, from }) => line.padEnd(from) + text, '')
}

/** What a key comes to, in the word that is its own whatever it is about. */
function kindOf(deed: string): string {
  return kinds.find(([, pattern]) => pattern.test(deed))?.[0] ?? deed
}

const kinds: readonly (readonly [string, RegExp])[] = [
  ['cut', /^(killSum|cut|cutUser|cutSession)$/],
  ['cut all', /^killShown$/],
  ['delete', /^(deluser|deloperator|remove|liftBan|resetSetting|forgetNode)/],
  ['edit', /^(userLimits|groupLimits|editRule|changeSetting|changeRole)$/],
  ['add', /^(adduser|addoperator|addGroup|addRule|addBan|addWatch|addNodes)$/],
  ['password', /^passwd/],
  ['next view', /^(nextList|settingGroup)$/],
  ['more time', /^(longer|userLonger)/],
  ['less time', /^(shorter|userShorter)/],
  ['find', /^(filter|find)$/],
  ['top', /^(top|scrollTop|resultTop)$/],
  ['bottom', /^(bottom|scrollBottom|resultBottom)$/],
  ['export', /^export/],
  ['raise', /^(higherCeiling|severerLevel)$/],
  ['lower', /^(lowerCeiling|milderLevel)$/],
  ['up', /^(up|previousUser|previousChoice|scrollUp|resultUp|messagesUp)$/],
  ['down', /^(down|nextUser|nextChoice|scrollDown|resultDown|messagesDown)$/],
  ['copy', /^copy/],
  ['reconnect', /^reconnect/],
  ['hold', /^(hold|pause|holdAccess)$/],
]
