import * as z from 'zod'
import { count, done, type MethodShape, milliseconds, next, nothing, page, time } from './shape.ts'

const name = z.string().min(1).max(255).describe('of a node, as `nodes.list` tells it')

/** A daemon of the fleet. */
export const node = z.object({
  name,
  state: z
    .enum(['serves', 'drains', 'ended', 'gone'])
    .describe(
      '`drains`: it takes nobody new; `ended`: it has said so; `gone`: it has told nothing for a while, or what cannot be read',
    ),
  age: milliseconds.describe('milliseconds since it told of itself last, by the clock of the store'),
  version: z.string(),
  started: time,
  socks: z.array(z.string()).describe('where clients reach it, as `ADDRESS:PORT`'),
  control: z
    .array(z.string())
    .describe('where operators reach it, as `ADDRESS:PORT`, with `tls:` before it where it is by TLS'),
  connections: count,
  up: z.number().min(0).describe('bytes a second from clients, of late'),
  down: z.number().min(0).describe('bytes a second to clients, of late'),
  cpu: z.number().min(0).describe('processor time: 1 is all of one core'),
})
export type FleetNode = z.infer<typeof node>

/** Where there is no fleet, all of these are refused with `conflict`. */
export const nodeMethods = {
  'nodes.list': {
    role: 'viewer',
    summary: 'List the daemons of the fleet, by name. Refused with `conflict` where this daemon is in none.',
    refuses: ['conflict', 'unavailable'],
    params: page,
    result: z.object({
      node: z.string().describe('which of them this one is'),
      nodes: z
        .array(node)
        .max(500)
        .describe('by name; of one that is `gone`, since what it told cannot be read, the name alone means something'),
      next,
    }),
  },
  'nodes.users': {
    role: 'operator',
    summary:
      'Tell who has connections on which node, the busiest first. It is asked of each node by way of the store, which takes a second or two.',
    refuses: ['conflict', 'unavailable'],
    params: nothing,
    result: z.object({
      users: z
        .array(
          z.object({
            name: z.string(),
            connections: count,
            nodes: z.array(z.object({ node: z.string(), connections: count })),
          }),
        )
        .max(500),
      silent: z.array(z.string()).describe('nodes that have not answered within five seconds'),
    }),
  },
  'nodes.drain': {
    role: 'operator',
    summary: 'Have a node drain, as `daemon.drain` does, by way of the store.',
    refuses: ['not_found', 'conflict', 'draining', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name }),
    result: done,
  },
  'nodes.undrain': {
    role: 'operator',
    summary: 'Have a node take new clients again, as `daemon.undrain` does, by way of the store.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name }),
    result: done,
  },
  'nodes.forget': {
    role: 'admin',
    summary: 'Take a node that has ended or gone out of the list.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name }),
    result: done,
  },
} satisfies Record<string, MethodShape>
