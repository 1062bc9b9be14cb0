import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { onTestFinished } from 'vitest'

/** An HTTP server on a loopback address until the test is over; resolves to its `http://address:port`. */
export async function startWebServer(host: string, handle: RequestListener, port = 0): Promise<string> {
  const server = createServer(handle).listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}
