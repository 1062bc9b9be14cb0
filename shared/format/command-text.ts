/** What a client asked for, and by what protocol unless it is SOCKS 5: `connect`, `http`, `socks4 bind`; `-` for nothing yet. */
export function commandText(command: string | null, protocol: string | undefined): string {
  if (protocol === undefined || protocol === 'socks5') return command ?? '-'
  return command === null || command === 'connect' ? protocol : `${protocol} ${command}`
}
