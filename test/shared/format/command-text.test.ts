import { expect, it } from 'vitest'
import { commandText } from '../../../shared/format/command-text.ts'

it.each([
  [null, undefined, '-'],
  ['forward', undefined, 'forward'],
  [null, 'socks5', '-'],
  ['connect', 'socks5', 'connect'],
  ['connect', 'http', 'http connect'],
  ['request', 'http', 'http request'],
  [null, 'http', 'http'],
  ['connect', 'socks4', 'socks4'],
  ['bind', 'socks4', 'socks4 bind'],
])('%s by %s is told as %s', (command, protocol, text) => expect(commandText(command, protocol)).toBe(text))
