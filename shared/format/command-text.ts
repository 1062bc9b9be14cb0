/**
 * What a client asked for, and by what protocol unless it is SOCKS 5: `connect`, `socks4`, `socks4 bind`, `http connect`,
 * `http request`; `-` for nothing yet.
 */
export function commandText(command: string | null, protocol: string | undefined): string {
  if (protocol === undefined || protocol === 'socks5') return command ?? '-'
  const isPlain = command === null || (command === 'connect' && protocol !== 'http')
  return isPlain ? protocol : `${protocol} ${command}`
}
