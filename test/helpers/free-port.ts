import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to whoever asks for none: it stays free while nobody listens. */
const [lowest, count] = [10_000, 20_000]

/** A port of 127.0.0.1 where nobody listens. */
export async function freePort(): Promise<number> {
  const port = lowest + Math.floor(Math.random() * count)
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return freePort()
  }
  await new Promise((resolve) => server.close(resolve))
  return port
}
