import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isOurs } from '../../daemon/engine/shared/own-addresses.ts'
import { parseAddress } from '../../daemon/net/address.ts'
import { run } from '../helpers/programs.ts'

const modules = {
  addresses: fileURLToPath(new URL('../../daemon/net/address.ts', import.meta.url)),
  own: fileURLToPath(new URL('../../daemon/engine/shared/own-addresses.ts', import.meta.url)),
  udp: fileURLToPath(new URL('../../daemon/os/udp.ts', import.meta.url)),
}
/** In a network of its own, where this process may give itself addresses. */
const unshare = ['--net', '--map-root-user', 'sh', '-c']
const mayUnshare = (await run('unshare', [...unshare, 'ip link set lo up'])).status === 0

const isOwn = (literal: string) => {
  const address = parseAddress(literal)
  return address && isOurs(address)
}

describe("this machine's own addresses", () => {
  it('are those of its interfaces, and all of 127.0.0.0/8', () => {
    const interfaces = Object.values(networkInterfaces()).flatMap((those = []) => those)
    const own = ['127.0.0.1', '127.200.0.9', '::1', ...interfaces.map(({ address }) => address)]
    for (const literal of own) expect([literal, isOwn(literal)]).toEqual([literal, true])
    for (const literal of ['198.51.100.7', '2001:db8::77']) expect([literal, isOwn(literal)]).toEqual([literal, false])
  })

  it.skipIf(!mayUnshare)(
    'are those too that an interface has beside its first, or that only a route knows of',
    async () => {
      const script = `
      const { parseAddress } = await import('${modules.addresses}')
      const { isOurs } = await import('${modules.own}')
      const { leadsBack } = await import('${modules.udp}')
      for (const literal of ['10.9.0.1', '10.9.0.2', '10.77.3.4', '10.88.0.1']) {
        const address = parseAddress(literal)
        console.log(literal, isOurs(address), leadsBack(address))
      }`
      const commands = [
        'ip link set lo up',
        'ip addr add 10.9.0.1/24 dev lo',
        'ip addr add 10.9.0.2/24 dev lo',
        'ip route add local 10.77.0.0/16 dev lo',
        `exec "$0" --input-type=module --eval "$1"`,
      ]
      const { stdout, stderr } = await run('unshare', [...unshare, commands.join(' && '), process.execPath, script])
      expect(stderr).toBe('')
      expect(stdout.trim().split('\n')).toEqual([
        '10.9.0.1 true true',
        '10.9.0.2 true false',
        '10.77.3.4 false true',
        '10.88.0.1 false false',
      ])
    },
  )
})
