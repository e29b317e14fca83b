/** Written so that no partial index fits: among a million leased messages each is to be found by its id, also by a plan that was made when there was none. */
export const isLeased = "m.state + 0 = 2";
