import { Command } from '../socks/messages.ts'

/** The setting's words for what a client may ask for (RFC 1928, section 4). */
export const commands: Readonly<Record<string, Command>> = {
  connect: Command.connect,
  bind: Command.bind,
  'udp-associate': Command.udpAssociate,
}
