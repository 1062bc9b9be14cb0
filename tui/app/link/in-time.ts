import { type Client, ConnectionError } from '../../client/index.ts'

/** Milliseconds for an answer to what a page asks for: longer than a daemon is given for a sign of life. */
const patience = 45_000

/**
 * The same daemon, for questions that are asked again and again, one after the other. If it goes on telling things and never answers,
 * the connection ends, so that it is reached anew and the page does not wait for ever.
 */
export function inTime(client: Client): Client {
  return {
    ...client,
    call(method, params) {
      const why = `the daemon has not answered ${method} for ${patience / 1000} s`
      const timer = setTimeout(() => client.close(new ConnectionError('silent', why)), patience)
      return client.call(method, params).finally(() => clearTimeout(timer))
    },
  }
}
