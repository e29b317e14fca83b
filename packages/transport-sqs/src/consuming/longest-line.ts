/** How long a message may have waited in line when its turn comes, in ms: SQS counts that as part of the twelve hours for which it can be held. */
export const longestLineMs = 3_600_000;
