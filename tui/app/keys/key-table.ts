import type { Binding } from './binding.ts'
import { copy, dialogKeys } from './dialog-keys.ts'

/** What every page has. */
export const everywhere = [
  { keys: ['1'], command: 'overview', summary: 'the overview' },
  { keys: ['2'], command: 'connections', summary: 'the live connections' },
  { keys: ['3'], command: 'users', summary: 'the users' },
  { keys: ['4'], command: 'rules', summary: 'the rules: who may go where' },
  { keys: ['5'], command: 'bans', summary: 'the sources that are kept out' },
  { keys: ['6'], command: 'log', summary: "the daemon's log" },
  { keys: ['7'], command: 'settings', summary: "the daemon's settings" },
  { keys: ['8'], command: 'operators', summary: 'who may manage the daemon' },
  { keys: ['9'], command: 'daemons', summary: 'all daemons side by side, if there are several' },
  { keys: ['tab', 'right'], command: 'nextPage', summary: 'the next page' },
  { keys: ['shift+tab', 'left'], command: 'previousPage', summary: 'the page before' },
  { keys: [']'], command: 'nextDaemon', summary: 'the next daemon, if there are several' },
  { keys: ['['], command: 'previousDaemon', summary: 'the daemon before' },
  { keys: [':'], command: 'openCommand', summary: 'type a command, as for --exec; Tab completes it', wide: 'command' },
  { keys: ['ctrl+k', 'ctrl+p'], command: 'palette', summary: 'find what can be done here, and do it', wide: 'palette' },
  {
    keys: ['u'],
    command: 'undo',
    summary: 'undo the last change of a user, group, rule, ban, role or setting',
    wide: 'undo',
  },
  { keys: ['!'], command: 'messages', summary: 'what has been said on the message line', wide: 'messages' },
  { keys: ['b'], command: 'rateUnit', summary: 'rates in bytes or in bits', wide: 'bits' },
  {
    keys: ['t'],
    command: 'theme',
    summary: 'the next theme: what suits the terminal, light, contrast, its own colours, dark',
    wide: 'theme',
  },
  { keys: ['o'], command: 'mouse', summary: 'leave the mouse to the terminal, to select text (Shift often does)' },
  { keys: ['r'], command: 'reconnect', summary: 'when disconnected: try again now' },
  { keys: ['ctrl+l'], command: 'redraw', summary: 'draw the screen anew' },
  { keys: ['ctrl+z'], command: 'suspend', summary: 'back to the shell; fg returns' },
  { keys: ['?', 'h'], command: 'help', summary: 'this help', hint: 'help' },
  { keys: ['q'], command: 'quit', summary: 'quit; so does Ctrl-C anywhere', hint: 'quit' },
] as const satisfies readonly Binding[]

const filter = { keys: ['/'], command: 'filter', summary: 'filter the rows', hint: 'filter' } as const satisfies Binding

const movement = [
  { keys: ['down', 'j'], command: 'down', summary: 'one row down' },
  { keys: ['up', 'k'], command: 'up', summary: 'one row up' },
  { keys: ['pgdn', 'ctrl+f'], command: 'pageDown', summary: 'one screen down' },
  { keys: ['pgup', 'ctrl+b'], command: 'pageUp', summary: 'one screen up' },
  { keys: ['home', 'g'], command: 'top', summary: 'the first row' },
] as const satisfies readonly Binding[]

const showAll = { keys: ['esc'], command: 'clearFilter', summary: 'show all rows again' } as const satisfies Binding

const list = [
  filter,
  { keys: ['C'], command: 'chooseColumns', summary: 'choose the columns', wide: 'columns' },
  { keys: ['s'], command: 'sort', summary: 'sort by the next column', hint: 'sort' },
  { keys: ['S'], command: 'reverse', summary: 'turn the order around', wide: 'reverse' },
  ...movement,
  { keys: ['end', 'G'], command: 'bottom', summary: 'the last row' },
] as const satisfies readonly Binding[]

/** Every key, by where it is pressed; a key means the first that is found. What is typed into a field is not in it. */
export const keyTable = {
  overview: [
    { keys: ['-'], command: 'longerRange', summary: 'more time in the graphs, up to 400 days', hint: 'longer' },
    { keys: ['+', '='], command: 'shorterRange', summary: 'less time in the graphs', hint: 'shorter' },
    { keys: ['down', 'j'], command: 'nextUser', summary: 'select the next of the busiest users', wide: 'select' },
    { keys: ['up', 'k'], command: 'previousUser', summary: 'select the one before' },
    { keys: ['enter'], command: 'graphUser', summary: "the selected user's graphs", hint: 'user' },
    { keys: ['esc'], command: 'graphEverybody', summary: "everybody's graphs again" },
    { keys: ['l'], command: 'logarithmic', summary: 'linear or logarithmic scale', hint: 'log' },
    { keys: ['f'], command: 'fixCeiling', summary: 'hold the scale as it is, or let it follow', hint: 'fix scale' },
    { keys: ['>'], command: 'higherCeiling', summary: 'hold the scale, with a higher top' },
    { keys: ['<'], command: 'lowerCeiling', summary: 'hold the scale, with a lower top' },
    { keys: ['c'], command: 'drawing', summary: 'draw graphs in dots, blocks or ASCII', hint: 'look' },
    ...everywhere,
  ],
  connections: [
    { keys: ['x', 'delete'], verb: 'kill', summary: 'cut the selected connection', hint: 'cut' },
    {
      keys: ['X'],
      command: 'killShown',
      verb: 'kill',
      summary: 'cut the connections that are marked; without marks, all that are shown',
      hint: 'all',
    },
    {
      keys: ['m'],
      command: 'mark',
      summary: 'mark the selected connection, or take its mark off',
      hint: 'mark',
    },
    {
      keys: ['R'],
      command: 'denyConnection',
      verb: 'rules insert',
      summary: 'a rule that keeps its user from where the selected connection goes',
      wide: 'rule',
    },
    { keys: ['M'], command: 'markAll', summary: 'mark all that are shown, or take their marks off', wide: 'mark all' },
    { keys: ['c'], command: 'nextList', summary: 'the access log: what became of those that ended', hint: 'ended' },
    copy,
    { keys: ['space'], command: 'pause', summary: 'hold the table still, or let it go on', wide: 'hold' },
    { keys: ['enter'], command: 'detail', summary: 'all about the selected connection', hint: 'detail' },
    {
      keys: ['esc'],
      command: 'clearFilterOrMarks',
      summary: 'show all rows again; where they all are, take the marks off',
    },
    ...list,
    ...everywhere,
  ],
  access: [
    { keys: ['c'], command: 'nextList', summary: 'the live connections', hint: 'live' },
    { keys: ['space'], command: 'holdAccess', summary: 'hold the table still, or follow it again', wide: 'hold' },
    { keys: ['enter'], command: 'detail', summary: 'all about the selected connection', hint: 'detail' },
    { ...copy, hint: 'copy' },
    {
      keys: ['R'],
      command: 'denyConnection',
      verb: 'rules insert',
      summary: 'a rule that keeps its user from where the selected connection went',
      hint: 'rule',
    },
    {
      keys: ['esc'],
      command: 'clearFilterOrLeave',
      summary: 'show all rows again; where they all are, the live connections',
    },
    ...list,
    ...everywhere,
  ],
  users: [
    { keys: ['a'], verb: 'adduser', summary: 'add a user', hint: 'add' },
    {
      keys: ['l'],
      command: 'userLimits',
      verb: 'users set',
      summary: "change the selected user's limits",
      hint: 'limits',
    },
    {
      keys: ['x', 'delete'],
      verb: 'deluser',
      summary: 'delete the selected user',
      hint: 'delete',
    },
    {
      keys: ['p'],
      verb: 'passwd',
      summary: "change the selected user's password",
      wide: 'password',
    },
    {
      keys: ['e'],
      command: 'toggleUser',
      verb: 'disable',
      summary: 'enable or disable the selected user',
      wide: 'on/off',
    },
    {
      keys: ['c'],
      verb: 'cut',
      summary: "cut the selected user's connections",
      wide: 'cut',
    },
    { keys: ['enter'], command: 'openUser', summary: 'all about the selected user', hint: 'detail' },
    { keys: ['v'], command: 'nextList', summary: 'the groups; behind them what users moved', wide: 'groups' },
    ...list,
    showAll,
    ...everywhere,
  ],
  groups: [
    { keys: ['a'], command: 'addGroup', verb: 'groups add', summary: 'add a group', hint: 'add' },
    {
      keys: ['enter', 'e', 'l'],
      command: 'groupLimits',
      verb: 'groups set',
      summary: "change the selected group's limits",
      hint: 'limits',
    },
    {
      keys: ['x', 'delete', 'D'],
      command: 'removeGroup',
      verb: 'groups remove',
      summary: 'remove the selected group',
      hint: 'remove',
    },
    { keys: ['v'], command: 'nextList', summary: 'what users moved', hint: 'usage' },
    { keys: ['esc'], command: 'clearFilterOrLeave', summary: 'show all rows again; where they all are, the users' },
    ...list,
    ...everywhere,
  ],
  usage: [
    { keys: ['p'], command: 'usagePeriod', summary: 'the next period: a day, 7, 31 or 400 days', hint: 'period' },
    { keys: ['E'], command: 'exportUsage', verb: 'usage', summary: 'write it into a file, as CSV', hint: 'export' },
    { keys: ['v'], command: 'nextList', summary: 'the users', hint: 'users' },
    { keys: ['esc'], command: 'clearFilterOrLeave', summary: 'show all rows again; where they all are, the users' },
    ...list,
    ...everywhere,
  ],
  rules: [
    {
      keys: ['t'],
      command: 'tryRules',
      verb: 'rules test',
      summary: 'try a request: what the rules say to it, and which one decides',
      hint: 'try',
    },
    { keys: ['a'], command: 'addRule', verb: 'rules add', summary: 'add a rule behind the selected one', hint: 'add' },
    {
      keys: ['e', 'enter'],
      command: 'editRule',
      verb: 'rules replace',
      summary: 'change the selected rule',
      hint: 'edit',
    },
    {
      keys: ['E'],
      command: 'editRules',
      verb: 'rules apply',
      summary: 'change all of the rules in your editor ($VISUAL or $EDITOR)',
      wide: 'in editor',
    },
    {
      keys: ['J'],
      command: 'moveRuleDown',
      verb: 'rules move',
      summary: 'have the selected rule asked later',
      hint: 'down',
    },
    {
      keys: ['K'],
      command: 'moveRuleUp',
      verb: 'rules move',
      summary: 'have the selected rule asked earlier',
      hint: 'up',
    },
    {
      keys: ['D', 'x', 'delete'],
      command: 'removeRule',
      verb: 'rules remove',
      summary: 'remove the selected rule',
      hint: 'remove',
    },
    ...list,
    showAll,
    // Its letter tries a request here.
    ...everywhere.filter(({ command }) => command !== 'theme'),
  ],
  bans: [
    {
      keys: ['a'],
      command: 'addBan',
      verb: 'ban',
      summary: 'keep a source out, for a time or until it is let in again',
      hint: 'keep out',
    },
    {
      keys: ['D', 'x', 'delete'],
      command: 'liftBan',
      verb: 'unban',
      summary: 'let the selected source in again',
      hint: 'let in',
    },
    ...list,
    showAll,
    ...everywhere,
  ],
  log: [
    { keys: ['l'], command: 'logLevel', summary: 'from the next level on: debug, info, warn, error', hint: 'level' },
    { keys: ['space'], command: 'hold', summary: 'hold the log still, or follow it again', hint: 'hold' },
    { keys: ['end', 'G'], command: 'bottom', summary: 'follow the log again', hint: 'follow' },
    { keys: ['enter'], command: 'entry', summary: 'all of the selected entry', hint: 'detail' },
    filter,
    ...movement,
    showAll,
    ...everywhere,
  ],
  settings: [
    {
      keys: ['enter', 'e'],
      command: 'changeSetting',
      verb: 'set',
      summary: 'change the selected setting',
      hint: 'change',
    },
    {
      keys: ['d'],
      command: 'resetSetting',
      verb: 'set',
      summary: 'forget what was set as the setting',
      hint: 'default',
    },
    { keys: ['f'], command: 'settingGroup', summary: 'all; only chosen ones; by when they act', hint: 'groups' },
    ...list,
    showAll,
    ...everywhere,
  ],
  operators: [
    { keys: ['a'], verb: 'addoperator', summary: 'add an operator', hint: 'add' },
    {
      keys: ['x', 'delete'],
      verb: 'deloperator',
      summary: 'delete the selected operator',
      hint: 'delete',
    },
    {
      keys: ['p'],
      verb: 'passwdoperator',
      summary: "change the selected operator's password",
      hint: 'password',
    },
    {
      keys: ['e'],
      command: 'changeRole',
      verb: 'role',
      summary: "change the selected operator's role",
      hint: 'role',
    },
    { keys: ['v'], command: 'nextList', summary: 'who is logged in, and what operators did', hint: 'logins' },
    ...list,
    showAll,
    ...everywhere,
  ],
  sessions: [
    {
      keys: ['x', 'delete', 'D'],
      command: 'cutSession',
      verb: 'sessions cut',
      summary: 'end the selected management connection',
      hint: 'end',
    },
    { keys: ['v'], command: 'nextList', summary: 'what operators did', hint: 'audit' },
    { keys: ['esc'], command: 'clearFilterOrLeave', summary: 'show all rows again; where they all are, the operators' },
    ...list,
    ...everywhere,
  ],
  audit: [
    { keys: ['enter'], command: 'auditEntry', summary: 'all of the selected entry', hint: 'detail' },
    { keys: ['v'], command: 'nextList', summary: 'the operators', hint: 'operators' },
    { keys: ['esc'], command: 'clearFilterOrLeave', summary: 'show all rows again; where they all are, the operators' },
    ...list,
    ...everywhere,
  ],
  daemons: [
    { keys: ['enter'], command: 'openDaemon', summary: 'show the selected daemon', hint: 'show' },
    { keys: ['r'], command: 'reconnectDaemon', summary: 'when the selected daemon is disconnected: try again now' },
    ...list,
    showAll,
    ...everywhere.filter(({ command }) => command !== 'reconnect'),
  ],
  ...dialogKeys,
} as const satisfies Record<string, readonly Binding[]>

/** Where a key is pressed: the page, or what lies over it. */
export type KeyContext = keyof typeof keyTable

type Bound = (typeof keyTable)[KeyContext][number]

/** All that a key can ask for, beside verbs. */
export type KeyCommand = Extract<Bound, { readonly command: string }>['command']
