import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isOurs as isOursPortable } from '../../daemon/engine/portable/local-address.ts'
import { parseAddress } from '../../daemon/net/address.ts'
import { isOurs as isOursLinux } from '../../daemon/os/udp.ts'
import { run } from '../helpers/programs.ts'

const path = (file: string) => fileURLToPath(new URL(`../../daemon/${file}`, import.meta.url))
const modules = { portable: path('engine/portable/local-address.ts'), linux: path('os/udp.ts') }
const ways =
  process.platform === 'linux' ? { portable: isOursPortable, linux: isOursLinux } : { portable: isOursPortable }

/** In a network of its own, where this process may give itself addresses. */
const unshare = ['--net', '--map-root-user', 'sh', '-c']
const mayUnshare = (await run('unshare', [...unshare, 'ip link set lo up'])).status === 0

describe.each(Object.entries(ways))("this machine's own addresses, as the %s engine tells them", (engine, isOurs) => {
  it('are those of its interfaces, and all of 127.0.0.0/8', () => {
    const interfaces = Object.entries(networkInterfaces()).flatMap(([, those = []]) => those)
    const own = interfaces.map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address))
    for (const literal of ['127.0.0.1', '127.200.0.9', '::1', ...own]) {
      const address = parseAddress(literal)
      expect([literal, address && isOurs(address)]).toEqual([literal, true])
    }
    for (const literal of ['198.51.100.7', '2001:db8::77']) {
      const address = parseAddress(literal)
      expect([literal, address && isOurs(address)]).toEqual([literal, false])
    }
  })

  it.skipIf(!mayUnshare)(
    'are those of interfaces without a carrier, and those that only a route knows of',
    async () => {
      // As 127.0.0.0/8, all of a network on the loopback interface, and all of one that a route says is local.
      const own = ['10.9.0.1', '10.9.0.3', '10.55.0.1', '10.55.0.2', '10.77.3.4', '2001:db8:77:3::4']
      const others = ['10.55.0.3', '10.88.0.1', '2001:db8:78::1', '2001:db8:88::1']
      const script = `
      const { parseAddress } = await import('${path('net/address.ts')}')
      const { isOurs } = await import('${modules[engine as keyof typeof modules]}')
      const literals = ${JSON.stringify([...own, ...others])}
      console.log(JSON.stringify(literals.filter((literal) => isOurs(parseAddress(literal)))))`
      const commands = [
        'ip link set lo up',
        'ip addr add 10.9.0.1/24 dev lo',
        'ip link add v0 type veth peer name v1',
        'ip addr add 10.55.0.1/24 dev v0',
        'ip addr add 10.55.0.2/24 dev v0',
        'ip link set v0 up',
        'ip route add local 10.77.0.0/16 dev lo',
        'ip route add local 2001:db8:77::/48 dev lo',
        'ip route add unreachable 2001:db8:88::/48',
        `exec "$0" --input-type=module --eval "$1"`,
      ]
      const { stdout, stderr } = await run('unshare', [...unshare, commands.join(' && '), process.execPath, script])
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toEqual(own)
    },
  )
})
