import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../daemon/net/endpoint.ts'
import { endpointsOf, ListenError, openListeners } from '../../daemon/sockets/listeners.ts'

const [first, second] = ['127.0.0.1', '::1']

/** Opens sockets that are texts, on ports that are free from 5001 on, but those that `isTaken`. */
function makeOpener(isTaken: (at: Endpoint) => boolean) {
  const open = new Set<string>()
  let [free, tries] = [5000, 0]
  return {
    still: () => [...open],
    tries: () => tries,
    opener: {
      open: async ({ address, port }: Endpoint) => {
        tries++
        const at = { address, port: port || ++free }
        if (isTaken(at)) throw new ListenError(at, 'EADDRINUSE')
        const socket = `${address} ${at.port}`
        open.add(socket)
        return { at, socket }
      },
      close: (socket: string) => void open.delete(socket),
    },
  }
}

const asked = (port: number) => ({
  listen: [first, second].map((address) => ({ address, port })),
  forwards: [{ listen: { address: first, port: 7000 }, host: 'one.test', port: 80 }],
  backlog: 1,
})

describe('listeners', () => {
  it('have one free port on all addresses: another one where the first one’s is taken on the next', async () => {
    const { opener, still } = makeOpener(({ address, port }) => address === second && port < 5003)
    const listeners = await openListeners(asked(0), opener)
    expect(endpointsOf(listeners, 'socks')).toEqual([first, second].map((address) => ({ address, port: 5003 })))
    expect(endpointsOf(listeners, 'forward')).toEqual([{ address: first, port: 7000 }])
    expect(listeners[2]?.leadsTo).toMatchObject({ name: 'one.test', port: 80 })
    expect(still()).toEqual([`${first} 5003`, `${second} 5003`, `${first} 7000`])
  })

  it.each([
    [0, 20],
    [6000, 2],
  ])('give up if there is none, and nothing stays open (port %i)', async (port, tried) => {
    const { opener, still, tries } = makeOpener(({ address }) => address === second)
    await expect(openListeners(asked(port), opener)).rejects.toThrow(ListenError)
    expect(still()).toEqual([])
    expect(tries()).toBe(tried)
  })
})
