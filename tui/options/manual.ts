import type { Verb } from '../../shared/commands/verb.ts'
import { usageOf, verbs } from '../../shared/commands/verbs.ts'
import type { Manual, Term } from '../../shared/format/manual.ts'

/** proxy-tui(1), with the flags as its help has them. */
export function manual(flags: readonly Term[]): Manual {
  return {
    name: 'proxy-tui',
    section: 1,
    summary: 'watch and run a proxyd',
    synopsis: ['proxy-tui [options]', "proxy-tui [options] --exec 'COMMANDS'"],
    sections: [
      {
        title: 'DESCRIPTION',
        body: [
          'proxy-tui is a terminal app that shows the throughput, connections and users of a proxyd(8), and changes them; its ' +
            'key ? lists the others. With --exec it carries out commands instead, for scripts.',
          "Without being told where, it tries this machine's Unix socket, then 127.0.0.1:8080. Other machines are reached by " +
            'TLS, as a named operator.',
          'Several daemons: each --host names one, and so does each --profile if there are several; a single profile tells ' +
            'of every host what is not said. The terminal app then lists them on a page of its own and shows one of them. ' +
            '--exec goes to each in turn, whatever came of the one before: text stands below a line == NAME ==, and with ' +
            '--json each result is {"place": NAME, "result": ...}.',
        ],
      },
      { title: 'OPTIONS', body: flags },
      {
        title: 'COMMANDS',
        body: [
          'Words are split as in a shell, and a semicolon comes between commands.',
          ...Object.entries(verbs).map(([name, row]): Term => [usageOf(name, row), saidOf(row)]),
        ],
      },
      {
        title: 'ENVIRONMENT',
        body: [
          'What a flag does not say, a variable may: PROXY_TUI_HOST for --host, and so on. NO_COLOR is heeded. A password is ' +
            'never taken from a variable or a flag: there are --password-file and a prompt without echo.',
        ],
      },
      {
        title: 'FILES',
        body: [
          [
            '$XDG_CONFIG_HOME/proxyd/proxy-tui.toml',
            'Profiles: tables of options by their long flags, chosen with --profile. [default] counts when none is named.',
          ],
          [
            '$XDG_STATE_HOME/proxyd/proxy-tui.json',
            'What was chosen in the app, such as its theme and the order of its tables, for the next time. It may be removed.',
          ],
        ],
      },
      {
        title: 'EXIT STATUS',
        body: [
          'Of several daemons the worst, which is the greatest.',
          ['0', 'done'],
          ['1', 'the daemon refused'],
          ['2', 'not understood'],
          ['3', 'no connection, or no answer in time'],
          ['4', 'the login failed'],
          ['130', 'interrupted'],
        ],
      },
      { title: 'SEE ALSO', body: ['proxyd(8), proxyd.toml(5), proxyd-rules(5)'] },
    ],
  }
}

/** What a command does, and what there is to know of its arguments. */
function saidOf({ summary, arguments: given, words = [] }: Verb): string {
  const known = words.filter(([word]) => given.split(' ').includes(word))
  return [summary, ...known.map(([word, text]) => `${word}: ${text}`)].join('. ')
}
