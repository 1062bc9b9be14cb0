import type { User } from '../../shared/protocol/methods.ts'

/** Of a user without limits. */
export const unlimited: Pick<User, 'group' | 'limits' | 'effective' | 'revision' | 'use'> = {
  group: 'default',
  limits: {},
  effective: {},
  revision: 0,
  use: { sources: 0, used: 0, refused: 0, cycleEnds: null, expires: null, ended: null },
}
