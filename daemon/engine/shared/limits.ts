/** Limits that are the same in both engines because what they bound is. */

/** Connections to a BIND's listening socket that may wait to be looked at, of which one can be the right one. */
export const bindBacklog = 4

/** What is told of an association that there is no room for. */
export const noRoomForAssociation =
  'associations are refused: whoever asks has as many as may be while so few descriptors are left (ulimit -n)'
