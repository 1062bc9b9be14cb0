import { connectPeer, type Peer } from './peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from './socks-client.ts'

/** Clients of a proxy who log in, say something to an echo, and expect to hear just that. */
export interface Clients {
  readonly proxyPort: number
  readonly echoPort: number
  readonly name: string
  readonly password: string
}

/** A client that has reached the echo. */
export async function enter({ proxyPort, echoPort, name, password }: Clients): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', proxyPort)
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login(name, password))
  await client.read(2)
  client.write(request('127.0.0.1', echoPort))
  await expectReply(client, succeeded)
  return client
}

/** Bytes that no other place of any flow has. */
function said(flow: number, step: number, length: number): Buffer {
  const text = `${flow}.${step} `
  return Buffer.from(text.repeat(Math.ceil(length / text.length)).slice(0, length))
}

async function expectEcho(client: Peer, bytes: Buffer): Promise<void> {
  client.write(bytes)
  const heard = await client.read(bytes.length)
  if (!heard.equals(bytes)) throw new Error('the bytes that came back are others')
}

/** One connection that goes on until it is told to stop, and how much of it came back. */
export class Flow {
  readonly #number: number
  readonly #client: Peer
  /** Resolves when it is told to stop; rejects if a byte was lost or wrong, or the connection broke. */
  readonly over: Promise<void>
  #isOver = false
  /** Steps that came back whole. */
  steps = 0
  bytes = 0

  private constructor(number: number, client: Peer, pause: () => Promise<unknown>) {
    this.#number = number
    this.#client = client
    this.over = this.#run(pause)
    this.over.catch(() => {})
  }

  /** `pause` comes between two steps. */
  static async begin(clients: Clients, number: number, pause: () => Promise<unknown>): Promise<Flow> {
    return new Flow(number, await enter(clients), pause)
  }

  /** Resolves once both sides have finished as they should. Rejects if a byte was lost or wrong, or the connection broke. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.over
    this.#client.finish()
    const end = await this.#client.discard()
    if (end !== 'FIN') throw new Error(`flow ${this.#number} ended with ${end}`)
  }

  async #run(pause: () => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      const bytes = said(this.#number, this.steps, 1000)
      await expectEcho(this.#client, bytes)
      this.steps++
      this.bytes += bytes.length
      await pause()
    }
  }
}

const mostFailures = 20

/** Short connections, so many at once, one behind the other until they are told to stop. */
export class Visits {
  readonly failures: string[] = []
  served = 0
  bytes = 0
  #isOver = false
  readonly #all: Promise<unknown>

  constructor(clients: Clients, atOnce: number, pause: () => Promise<unknown> = async () => {}) {
    this.#all = Promise.all(Array.from({ length: atOnce }, (_, i) => this.#run(clients, 1_000_000 + i, pause)))
  }

  /** Resolves when the last one has ended. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#all
  }

  async #run(clients: Clients, number: number, pause: () => Promise<unknown>): Promise<void> {
    // One failure is one too many; without an end to them a proxy that has gone would fill the memory.
    for (let step = 0; !this.#isOver && this.failures.length < mostFailures; step++) {
      try {
        const client = await enter(clients)
        const bytes = said(number, step, 100)
        await expectEcho(client, bytes)
        client.finish()
        const end = await client.discard()
        if (end !== 'FIN') throw new Error(`ended with ${end}`)
        this.served++
        this.bytes += bytes.length
      } catch (error) {
        this.failures.push((error as Error).message)
      }
      await pause()
    }
  }
}
