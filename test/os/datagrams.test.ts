import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Arrivals, batchSize, Departures } from '../../daemon/os/datagrams.ts'
import { close } from '../../daemon/os/libc.ts'
import { boundPort } from '../../daemon/os/socket.ts'
import { encodeSocketAddress } from '../../daemon/os/socket-address.ts'
import { bindUdpSocket } from '../../daemon/os/udp.ts'
import { run } from '../helpers/programs.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const path = fileURLToPath(new URL('../../daemon/os/', import.meta.url))
/** In a network of its own. */
const unshare = ['--net', '--map-root-user', 'sh', '-c']
const mayUnshare = (await run('unshare', [...unshare, 'ip link set lo up'])).status === 0
const sockets: number[] = []
afterEach(() => {
  for (const fd of sockets.splice(0)) close(fd)
})

function open(): number {
  const fd = bindUdpSocket({ bytes: loopback, scope: 0 })
  sockets.push(fd)
  return fd
}

/** Datagrams of these lengths, each to one of two receivers, leave by one call; what comes to each of them is told. */
function sendAll(datagrams: readonly { length: number; to: number }[]): { took: number; came: Uint8Array[][] } {
  const [sender, ...receivers] = [open(), open(), open()]
  const arrivals = new Arrivals()
  const departures = new Departures(arrivals)
  datagrams.forEach(({ length, to }, i) => {
    const start = arrivals.start(i)
    arrivals.memory.fill(i, start, start + length)
    encodeSocketAddress(departures.add(start, length, length), loopback, boundPort(receivers[to] as number))
  })
  const took = departures.send(sender as number)
  expect(departures.taken).toBe(datagrams.length)
  return { took, came: receivers.map(gather) }
}

function gather(fd: number): Uint8Array[] {
  const arrivals = new Arrivals()
  const count = Math.max(0, arrivals.receive(fd))
  return Array.from({ length: count }, (_, i) =>
    arrivals.memory.slice(arrivals.start(i), arrivals.start(i) + arrivals.length(i)),
  )
}

describe('departures', () => {
  it.each([
    ['of one length', Array(batchSize).fill(200)],
    ['with shorter ones between', [200, 200, 100, 200, 200, 200, 199, 201, 201]],
    ['with empty ones between', [0, 200, 200, 0, 0, 200, 1, 0]],
    ['longer together than a packet', [30_000, 30_000, 30_000, 65_507, 12]],
  ])('arrive each as it left, %s', (_, lengths: readonly number[]) => {
    const sent = lengths.map((length, i) => ({
      length,
      to: i % 7 === 3 ? 1 : 0,
      bytes: new Uint8Array(length).fill(i),
    }))
    const { took, came } = sendAll(sent)
    expect(took).toBe(lengths.reduce((sum, length) => sum + length))
    expect(came).toEqual([0, 1].map((to) => sent.filter((one) => one.to === to).map(({ bytes }) => bytes)))
  })

  it.runIf(mayUnshare)('arrive by a way that takes no pieces of their length', async () => {
    const script = `import { Arrivals, Departures } from '${path}datagrams.ts'
import { boundPort } from '${path}socket.ts'
import { encodeSocketAddress } from '${path}socket-address.ts'
import { bindUdpSocket } from '${path}udp.ts'
const bytes = Uint8Array.of(127, 0, 0, 1)
const [from, to] = [0, 1].map(() => bindUdpSocket({ bytes, scope: 0 }))
const arrivals = new Arrivals()
const departures = new Departures(arrivals)
for (let i = 0; i < 8; i++) encodeSocketAddress(departures.add(arrivals.start(i), 3000, 3000), bytes, boundPort(to))
console.log(departures.send(from), arrivals.receive(to), arrivals.length(7))`
    const command = `ip link set lo up mtu 1500 && exec "$0" --input-type=module --eval "$1"`
    expect(await run('unshare', [...unshare, command, process.execPath, script])).toEqual({
      status: 0,
      stdout: '24000 8 3000\n',
      stderr: '',
    })
  })
})
