import { setImmediate } from 'node:timers/promises'
import { bytes } from '../helpers/bytes.ts'
import type { Peer } from '../helpers/peer.ts'

/** A way to bring a client's words, and what it says behind them, to the proxy. */
export type Deliver = (client: Peer, said: Uint8Array, behind: Uint8Array) => Promise<void> | void

/** How the same bytes may come: TCP knows no messages. */
export const deliveries: readonly { readonly how: string; readonly deliver: Deliver }[] = [
  {
    how: 'whole',
    async deliver(client, said, behind) {
      await client.flush(said)
      client.write(behind)
    },
  },
  {
    how: 'in one segment with what follows',
    deliver: (client, said, behind) => client.write(bytes(said, behind)),
  },
  {
    how: 'a byte at a time',
    async deliver(client, said, behind) {
      for (const octet of bytes(said, behind)) {
        client.write(bytes(octet))
        await setImmediate()
      }
    },
  },
]
