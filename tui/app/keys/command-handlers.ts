import { type Completion, complete } from '../../../shared/commands/complete.ts'
import { type Command, parseCommands, questionBefore } from '../../../shared/commands/parse.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import type { Call, Question } from '../../../shared/commands/verb.ts'
import { safeText } from '../../../shared/format/safe-text.ts'
import { hasDryRun, outcomeLines, type Results, withoutFlags } from '../link/carry-out.ts'
import type { CommandEvent } from '../state/command-line.ts'
import { knownIn } from '../state/known.ts'
import { pageRows } from '../state/layout.ts'
import { lackToDo } from '../state/rights.ts'
import type { State } from '../state/state.ts'
import { columnsOf } from '../text/fit.ts'
import type { App, Handler } from './app.ts'
import { placeWords, type Wish, wishIn } from './go-to.ts'
import { tell } from './list-handlers.ts'
import { openPage } from './page-handlers.ts'
import { confirm, labelOf, openSecret, tellDialog, withWarnings } from './perform.ts'

export const commandHandlers = {
  openCommand: (app) => {
    tellCommand(app, { do: 'open' })
    app.daemon.look()
  },
  closeCommand: (app) => tellCommand(app, { do: 'close' }),
  runCommand: (app) => void enter(app),
  completeWord: (app) => completeWord(app, 1),
  completeBack: (app) => completeWord(app, -1),
  olderCommand: (app) => tellCommand(app, { do: 'recall', by: -1 }),
  newerCommand: (app) => tellCommand(app, { do: 'recall', by: 1 }),
  copyCommand: (app) => {
    const line = chosenCommand(app.store.state)
    if (line === undefined) return app.store.announce('there is none yet', 'bad')
    const text = `proxy-tui --exec ${shellWord(line)}`
    if (app.copy(text)) app.store.announce(`copied ${text}`, 'good')
    else app.store.announce('this terminal has no clipboard', 'bad')
  },
  retypeCommand: (app) => {
    const line = chosenCommand(app.store.state)
    if (line === undefined) return app.store.announce('there is none yet', 'bad')
    tellDialog(app, { do: 'close' })
    tellCommand(app, { do: 'open' })
    tellCommand(app, { do: 'edit', edit: { do: 'insert', text: line } })
    app.daemon.look()
  },
  resultDown: (app) => pan(app, 1, 0),
  resultUp: (app) => pan(app, -1, 0),
  resultPageDown: (app) => pan(app, pageRows(app.store.state) - 1, 0),
  resultPageUp: (app) => pan(app, 1 - pageRows(app.store.state), 0),
  resultTop: (app) => pan(app, Number.NEGATIVE_INFINITY, 0),
  resultBottom: (app) => pan(app, Number.POSITIVE_INFINITY, 0),
  resultRight: (app) => pan(app, 0, sideways),
  resultLeft: (app) => pan(app, 0, -sideways),
} satisfies Record<string, Handler>

/** Of the command log: the line that is chosen in it. */
function chosenCommand({ dialog, done }: State): string | undefined {
  return dialog?.kind === 'commands' ? done.at(-1 - dialog.chosen)?.line : undefined
}

/** As a shell takes it for one argument. */
function shellWord(line: string): string {
  return `'${line.replaceAll("'", "'\\''")}'`
}

/** Columns that one key moves a wide result by. */
const sideways = 16

/** Tell the command line of an event. */
export function tellCommand({ store }: App, event: CommandEvent): void {
  store.dispatch({ type: 'command', event })
}

/** What the word before the cursor can become. */
export function completionOf(state: State): Completion {
  const { text, cursor } = state.command.field ?? { text: '', cursor: 0 }
  return complete(text.slice(0, cursor), {
    users: state.users.rows?.map(({ user }) => user.name) ?? [],
    groups: [...new Set(state.users.rows?.map(({ user }) => user.group))],
    operators: state.operators?.map(({ name }) => name) ?? [],
    rules: state.rules?.rules.flatMap(({ id, place }) => (place === null ? [] : [String(id)])) ?? [],
    connections: [...state.connections.now.rows.keys()],
    may: (verb) => lackToDo(state, verb) === null,
    withoutFlags,
    places: placeWords(state),
  })
}

/** What all have in common is put in; once that is there, each in turn. */
function completeWord(app: App, by: number): void {
  const { command } = app.store.state
  const { field, menu } = command
  if (!field) return
  if (menu) {
    const at = (menu.at + by + menu.candidates.length) % menu.candidates.length
    return tellCommand(app, { do: 'complete', from: menu.from, text: menu.candidates[at] ?? '', menu: { ...menu, at } })
  }
  const { from, candidates } = completionOf(app.store.state)
  const [first] = candidates
  if (first === undefined) return
  if (candidates.length === 1) return tellCommand(app, { do: 'complete', from, text: `${first} `, menu: null })
  const common = candidates.reduce(commonStart)
  if (common.length > field.cursor - from) return tellCommand(app, { do: 'complete', from, text: common, menu: null })
  const at = by > 0 ? 0 : candidates.length - 1
  tellCommand(app, { do: 'complete', from, text: candidates[at] ?? '', menu: { from, candidates, at } })
}

function commonStart(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return one.slice(0, length)
}

/** Carry out what is typed, once the person has agreed to what its verbs want asked. */
async function enter(app: App): Promise<void> {
  const { command, current } = app.store.state
  const line = command.field?.text.trim() ?? ''
  if (command.running) return
  if (line === '') return tellCommand(app, { do: 'close' })
  const wish = wishIn(line, app.store.state)
  if (typeof wish === 'string') return tellCommand(app, { do: 'complain', problem: wish })
  if (wish) return goTo(app, wish, line)
  try {
    const commands = parseCommands(line)
    const problem = problemWith(app.store.state, commands)
    if (problem !== null) return tellCommand(app, { do: 'complain', problem })
    const questions: Question[] = []
    for (const { name, call } of commands) {
      const asked = questionBefore(call, knownIn(app.store.state))
      if (typeof asked === 'string') return tellCommand(app, { do: 'complain', problem: `${name}: ${asked}` })
      const question = asked && withWarnings(asked, hasDryRun(call) ? await warningsOf(app, call) : [])
      if (question) questions.push(question)
    }
    // Whoever has gone on meanwhile has given up.
    if (app.store.state.command.field !== command.field || app.store.state.current !== current) return
    const question = together(questions)
    if (question) confirm(app, question, line)
    else await runLine(app, line)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    tellCommand(app, { do: 'complain', problem: error.message })
  }
}

function goTo(app: App, wish: Wish, line: string): void {
  if ('quit' in wish) return app.quit()
  tellCommand(app, { do: 'remember', line })
  tellCommand(app, { do: 'close' })
  openPage(app, wish.page)
  if (wish.filter !== '') tell(app, { do: 'setFilter', filter: wish.filter })
}

/** What the daemon would refuse is told when it does. */
async function warningsOf(app: App, call: Call): Promise<readonly string[]> {
  const foreseen = await app.daemon.foresee(call)
  return foreseen.done ? foreseen.value : []
}

function together(questions: readonly Question[]): Question | undefined {
  if (questions.length < 2) return questions[0]
  const facts = questions.flatMap(({ question, facts }) => [question, ...facts.map((fact) => `  ${fact}`)])
  return { question: 'Do all of this?', facts, yes: 'Do it' }
}

function problemWith(state: State, commands: readonly Command[]): string | null {
  for (const { name, verb, call } of commands) {
    const lack = lackToDo(state, verb, call.flags)
    if (lack !== null) return `${name} is ${lack}`
  }
  return null
}

/**
 * The line stays until the daemon has agreed; what it says is a line for a few seconds, a password, or a page. Who has agreed
 * to it knows what the daemon warns of.
 */
export async function runLine(app: App, line: string, isAgreedTo = false): Promise<void> {
  const commands = parseCommands(line)
  if (!commands.some(({ verb }) => verb.confidential)) tellCommand(app, { do: 'remember', line })
  tellCommand(app, { do: 'run' })
  const label = labelOf(app)
  const { outcomes, problem } = await app.daemon.carryOut(commands)
  const [outcome] = outcomes
  const isOpen = app.store.state.command.running
  if (problem !== null && outcomes.every(({ view }) => view === '')) {
    return isOpen ? tellCommand(app, { do: 'complain', problem }) : app.store.announce(label(problem), 'bad')
  }
  if (isOpen) tellCommand(app, { do: 'close' })
  if (outcome?.secret && outcomes.length === 1 && problem === null) return openSecret(app, outcome.secret, label)
  const told = isAgreedTo ? outcomes.map((one) => ({ ...one, warnings: [] })) : outcomes
  const lines = resultLines({ outcomes: told, problem })
  const [only = ''] = lines
  if (lines.length <= 1 && columnsOf(only) < app.store.state.size.columns) {
    const undoes = outcome?.undo && commands.length === 1 ? '; u undoes' : ''
    return app.store.announce(label((only || 'done') + undoes), problem === null ? 'good' : 'bad')
  }
  const title = label(commands.map(({ name }) => name).join('; '))
  const secrets = outcomes.flatMap(({ secret }) => (secret ? [`${secret.user} ${secret.password}`] : [])).join('\n')
  const dialog = { kind: 'result', title, lines, row: 0, column: 0, ...(secrets !== '' && { secrets }) } as const
  tellDialog(app, { do: 'open', dialog })
}

/** What came of commands, as lines that are safe to show. */
export function resultLines({ outcomes, problem }: Results): string[] {
  return [...outcomes.flatMap(outcomeLines), ...(problem === null ? [] : [`! ${safeText(problem)}`])]
}

function pan(app: App, down: number, right: number): void {
  const { state } = app.store
  const { dialog } = state
  if (dialog?.kind !== 'result') return
  const lastRow = Math.max(0, dialog.lines.length - pageRows(state) + 1)
  const lastColumn = Math.max(0, Math.max(...dialog.lines.map(columnsOf)) + 2 - state.size.columns)
  tellDialog(app, {
    do: 'pan',
    row: Math.max(0, Math.min(dialog.row + down, lastRow)),
    column: Math.max(0, Math.min(dialog.column + right, lastColumn)),
  })
}
