import type { Binding } from './binding.ts'

/** On the pages of connections, too. */
export const copy = {
  keys: ['y'],
  command: 'copy',
  summary: 'copy its destination, its client, or the like',
  wide: 'copy',
} as const satisfies Binding

/** Where no text is typed. */
const help = { keys: ['?'], command: 'help', summary: 'the keys here', wide: 'help' } as const satisfies Binding

const close = {
  keys: ['esc', 'q', 'enter'],
  command: 'close',
  summary: 'close',
  hint: 'close',
} as const satisfies Binding

/** Through a result. */
const scrolling = [
  { keys: ['down', 'j'], command: 'resultDown', summary: 'scroll', hint: 'scroll' },
  { keys: ['up', 'k'], command: 'resultUp', summary: 'scroll back' },
  { keys: ['pgdn', 'ctrl+f', 'space'], command: 'resultPageDown', summary: 'one screen down' },
  { keys: ['pgup', 'ctrl+b'], command: 'resultPageUp', summary: 'one screen up' },
  { keys: ['home', 'g'], command: 'resultTop', summary: 'the first line' },
  { keys: ['end', 'G'], command: 'resultBottom', summary: 'the last line' },
  { keys: ['right', 'l'], command: 'resultRight', summary: 'what is cut at the right', hint: 'sideways' },
  { keys: ['left', 'h'], command: 'resultLeft', summary: 'back to the left' },
] as const satisfies readonly Binding[]

const copySecret = {
  keys: ['y'],
  command: 'copySecret',
  summary: 'copy what is shown only now',
  hint: 'copy',
} as const satisfies Binding

/** Not Enter, which people press once too often. */
const closeSecret = {
  keys: ['esc'],
  command: 'close',
  summary: 'close; it is not shown again',
  hint: 'close',
} as const satisfies Binding

/** The keys of what lies over the page, and of what is typed into. */
export const dialogKeys = {
  filter: [
    { keys: ['enter'], command: 'keepFilter', summary: 'keep the filter', hint: 'keep' },
    { keys: ['esc'], command: 'clearFilter', summary: 'show all rows again', hint: 'clear' },
    { keys: ['down'], command: 'down', summary: 'one row down' },
    { keys: ['up'], command: 'up', summary: 'one row up' },
  ],
  help: [
    { keys: ['down', 'j'], command: 'scrollDown', summary: 'scroll', hint: 'scroll' },
    { keys: ['up', 'k'], command: 'scrollUp', summary: 'scroll back' },
    { keys: ['pgdn', 'ctrl+f', 'space'], command: 'scrollPageDown', summary: 'one screen down' },
    { keys: ['pgup', 'ctrl+b'], command: 'scrollPageUp', summary: 'one screen up' },
    { keys: ['home', 'g'], command: 'scrollTop', summary: 'the first line' },
    { keys: ['end', 'G'], command: 'scrollBottom', summary: 'the last line' },
    { keys: ['/'], command: 'find', summary: 'show the lines that have a word', hint: 'find' },
    { keys: ['esc'], command: 'showAllOrClose', summary: 'show all lines again; where they all are, close' },
    { ...close, keys: ['q', 'enter', '?', 'h'] },
  ],
  find: [
    { keys: ['enter'], command: 'keepFound', summary: 'keep the lines that are shown', hint: 'keep' },
    { keys: ['esc'], command: 'showAll', summary: 'show all lines again', hint: 'clear' },
    { keys: ['down'], command: 'scrollDown', summary: 'scroll' },
    { keys: ['up'], command: 'scrollUp', summary: 'scroll back' },
  ],
  detail: [
    { keys: ['x'], verb: 'cut', summary: 'cut this connection', hint: 'cut' },
    { ...copy, hint: 'copy' },
    {
      keys: ['R'],
      command: 'denyConnection',
      verb: 'rules insert',
      needs: 'destination',
      summary: 'a rule that keeps its user from where it goes',
      hint: 'rule',
    },
    { keys: ['='], command: 'sharedScale', summary: 'one scale for down and up, or one for each' },
    { keys: ['b'], command: 'rateUnit', summary: 'rates in bytes or in bits' },
    help,
    { ...close, summary: 'back', hint: 'back' },
  ],
  menu: [
    {
      keys: ['enter', 'space'],
      command: 'takeItem',
      summary: 'take it; the letter or digit before one takes that',
      hint: 'take',
    },
    { keys: ['down', 'j'], command: 'nextItem', summary: 'the next one', hint: 'next' },
    { keys: ['up', 'k'], command: 'previousItem', summary: 'the one before' },
    { keys: ['+'], command: 'nameFilter', summary: 'of filters: keep the one that is set, under a name' },
    { keys: ['-', 'delete'], command: 'dropFilter', summary: 'of filters: keep this one no longer' },
    help,
    { keys: ['esc', 'q'], command: 'close', summary: 'cancel', hint: 'cancel' },
  ],
  naming: [
    { keys: ['enter'], command: 'keepNamed', summary: 'keep the filter under this name', hint: 'keep' },
    { keys: ['esc'], command: 'leaveName', summary: 'cancel', hint: 'cancel' },
  ],
  columns: [
    { keys: ['space'], command: 'toggleColumn', summary: 'show the column, or not', hint: 'show/hide' },
    { keys: ['down', 'j'], command: 'nextChoice', summary: 'the next one', hint: 'next' },
    { keys: ['up', 'k'], command: 'previousChoice', summary: 'the one before' },
    { keys: ['enter'], command: 'keepColumns', summary: 'show these', hint: 'keep' },
    help,
    { keys: ['esc', 'q'], command: 'close', summary: 'cancel', hint: 'cancel' },
  ],
  user: [
    {
      keys: ['enter'],
      command: 'userConnections',
      summary: 'their connections, on their page',
      hint: 'connections',
    },
    { keys: ['-'], command: 'userLonger', summary: 'more time in the graphs', hint: 'longer' },
    { keys: ['+'], command: 'userShorter', summary: 'less time in the graphs' },
    { keys: ['='], command: 'sharedScale', summary: 'one scale for down and up, or one for each' },
    { keys: ['e'], command: 'userLimits', verb: 'users set', summary: 'edit their limits', hint: 'edit' },
    { keys: ['E'], command: 'toggleUser', verb: 'disable', summary: 'enable or disable them', wide: 'on/off' },
    { keys: ['x'], command: 'cutUser', verb: 'cut', summary: 'cut their connections', hint: 'cut' },
    { keys: ['p'], verb: 'passwd', summary: 'change their password', wide: 'password' },
    { keys: ['D', 'delete'], verb: 'deluser', summary: 'delete them', hint: 'delete' },
    { keys: ['u'], command: 'undo', summary: 'undo the last change' },
    { keys: ['b'], command: 'rateUnit', summary: 'rates in bytes or in bits' },
    help,
    { keys: ['esc', 'q'], command: 'close', summary: 'back', hint: 'back' },
  ],
  commands: [
    { keys: ['down', 'j'], command: 'nextChoice', summary: 'the next one', hint: 'next' },
    { keys: ['up', 'k'], command: 'previousChoice', summary: 'the one before' },
    { keys: ['y'], command: 'copyCommand', summary: 'copy it, as proxy-tui --exec takes it', hint: 'copy' },
    { keys: ['enter'], command: 'retypeCommand', summary: 'type it again', hint: 'again' },
    help,
    { keys: ['esc', 'q', 'L'], command: 'close', summary: 'close', hint: 'close' },
  ],
  messages: [
    { keys: ['down', 'j'], command: 'messagesDown', summary: 'scroll', hint: 'scroll' },
    { keys: ['up', 'k'], command: 'messagesUp', summary: 'scroll back' },
    help,
    { ...close, keys: ['esc', 'q', 'enter', '!'] },
  ],
  palette: [
    { keys: ['enter'], command: 'takeOffer', summary: 'do it', hint: 'do it' },
    { keys: ['down', 'ctrl+n', 'tab'], command: 'nextOffer', summary: 'the next one', hint: 'next' },
    { keys: ['up', 'ctrl+p', 'shift+tab'], command: 'previousOffer', summary: 'the one before' },
    { keys: ['esc', 'ctrl+k'], command: 'close', summary: 'cancel', hint: 'cancel' },
  ],
  confirm: [
    { keys: ['left', 'right', 'tab', 'shift+tab', 'h', 'l'], command: 'choose', summary: 'choose', hint: 'choose' },
    { keys: ['enter', 'space'], command: 'answer', summary: 'do what is chosen', hint: 'do it' },
    { keys: ['y'], command: 'yes', summary: 'yes', hint: 'yes' },
    help,
    { keys: ['esc', 'n', 'q'], command: 'close', summary: 'no', hint: 'no' },
  ],
  choice: [
    { keys: ['down', 'j'], command: 'nextChoice', summary: 'the next one', hint: 'choose' },
    { keys: ['up', 'k'], command: 'previousChoice', summary: 'the one before' },
    { keys: ['enter', 'space'], command: 'take', summary: 'take it', hint: 'take' },
    help,
    { keys: ['esc', 'q'], command: 'close', summary: 'cancel', hint: 'cancel' },
  ],
  entry: [help, close],
  form: [
    { keys: ['enter'], command: 'submit', summary: 'the next field, or done', hint: 'next, done' },
    { keys: ['tab', 'down'], command: 'nextField', summary: 'the next field', hint: 'next field' },
    { keys: ['shift+tab', 'up'], command: 'previousField', summary: 'the field before' },
    { keys: ['esc'], command: 'close', summary: 'cancel', hint: 'cancel' },
  ],
  command: [
    { keys: ['enter'], command: 'runCommand', summary: 'carry it out', hint: 'do it' },
    {
      keys: ['tab'],
      command: 'completeWord',
      summary: 'complete the word, or the next that it can be',
      hint: 'complete',
    },
    { keys: ['shift+tab'], command: 'completeBack', summary: 'the one before' },
    { keys: ['up', 'ctrl+p'], command: 'olderCommand', summary: 'the line before in the history', hint: 'history' },
    { keys: ['down', 'ctrl+n'], command: 'newerCommand', summary: 'the line after' },
    { keys: ['esc'], command: 'closeCommand', summary: 'cancel', hint: 'cancel' },
  ],
  result: [...scrolling, help, close],
  mini: [
    { keys: ['2'], command: 'connections', summary: 'the live connections, which need less' },
    { keys: ['q'], command: 'quit', summary: 'quit' },
  ],
  secret: [copySecret, help, closeSecret],
  secrets: [...scrolling, copySecret, help, closeSecret],
} as const satisfies Record<string, readonly Binding[]>
