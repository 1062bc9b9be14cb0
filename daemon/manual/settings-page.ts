import type { Manual, Term } from '../../shared/format/manual.ts'
import { type SettingShape, type SettingValue, settings } from '../../shared/settings.ts'
import { isSpan, spanText } from '../../shared/span.ts'

/** proxyd.toml(5): each setting with what it takes, what it is by default, and when a change acts. */
export function settingsPage(): Manual {
  return {
    name: 'proxyd.toml',
    section: 5,
    summary: 'settings of proxyd',
    synopsis: [],
    sections: [
      {
        title: 'DESCRIPTION',
        body: [
          'A file of settings as TOML, which proxyd(8) reads if it is given with --config, and again on SIGHUP and reload. Each key ' +
            "is a setting, and each setting also is a flag of the same name. A flag wins over what was set with proxy-tui --exec 'set NAME VALUE', and " +
            'that over the file.',
          'A mistake keeps proxyd from starting: it says which key is wrong and what it takes; --check tells without starting, and ' +
            '--sample-config prints a file with every setting. A file that others can write to, or put another in the place of, is ' +
            'refused, and so is one with passwords (user) that everybody can read.',
          "What acts at once can also be changed while proxyd runs, with proxy-tui --exec 'set NAME VALUE', on live " +
            'connections too. All else counts from the next start or upgrade on.',
        ],
      },
      {
        title: 'VALUES',
        body: [
          ['time', 'A text such as "90s", "1h30m" or "500ms", or a whole number of the unit that is named.'],
          ['rate', 'A text in bytes or bits a second, such as "10MB/s", "64kB/s" or "80Mbit/s"; "0" is no limit.'],
          ['size', 'A text in bytes, such as "100MB".'],
          ['list', 'Texts in brackets, such as ["127.0.0.1", "::1"]. As a flag it is repeated.'],
        ],
      },
      { title: 'SETTINGS', body: Object.entries(settings).map(([name, shape]) => termOf(name, shape)) },
      {
        title: 'EXAMPLES',
        body: [
          'Other machines are served over IPv4 and IPv6, and what everybody does stands in a file:',
          {
            lines: [
              'socks-addr = ["0.0.0.0", "::"]',
              'timeout-idle = "10m"',
              'rate-down-source = "5MB/s"',
              'access-log = "/var/log/proxyd/access.log"',
            ],
          },
          'Operators come from other machines, by TLS:',
          {
            lines: [
              'control-tls-addr = ["0.0.0.0", "::"]',
              'control-tls-cert = "/etc/proxyd/cert.pem"',
              'control-tls-key = "/etc/proxyd/key.pem"',
            ],
          },
        ],
      },
      { title: 'SEE ALSO', body: ['proxyd(8), proxyd-rules(5), proxy-tui(1)'] },
    ],
  }
}

function termOf(name: string, shape: SettingShape): Term {
  const acts = shape.runtime ? 'A change acts at once.' : 'A change counts from the next start on.'
  return [name, `${sentence(shape.summary)} ${sentence(takes(shape))} Default: ${defaultOf(shape)}. ${acts}`]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** What stands for the value of a text in the help, and means more than that. */
const kinds: Readonly<Record<string, string>> = { RATE: 'a rate', SIZE: 'a size' }

function takes({ type, placeholder = '', choices = [], min = 0, max = 0, most = 0 }: SettingShape): string {
  switch (type) {
    case 'integer':
      if (!isSpan(placeholder)) return `a whole number from ${min} to ${max}`
      return `a time from ${spanText(min, placeholder)} to ${spanText(max, placeholder)}, or a number of ${placeholder === 'S' ? 'seconds' : 'milliseconds'}`
    case 'choice':
      return `one of ${choices.map((choice) => toml(choice)).join(', ')}`
    case 'flag':
      return 'true or false'
    case 'list':
      return `a list of at most ${most} of ${placeholder}`
    case 'text':
      return kinds[placeholder] ?? `a text, ${placeholder}`
  }
}

function defaultOf({ default: value, placeholder }: SettingShape): string {
  if (value === '') return 'none'
  return typeof value === 'number' && isSpan(placeholder) ? toml(spanText(value, placeholder)) : toml(value)
}

function toml(value: SettingValue): string {
  return typeof value === 'object' ? `[${value.map(toml).join(', ')}]` : JSON.stringify(value)
}
