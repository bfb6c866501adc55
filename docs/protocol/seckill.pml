/*
 * The life of an order as a model: every store, every process that writes to one, and a kill -9 between any two of their steps.
 * spin looks at all interleavings. README.md tells which line of the code each step stands for, and why what is left out may be.
 *
 * Everything that holds or is waiting is a set of orders, one bit for each. Order o is what buyer o / KEYS asks for with the
 * Idempotency-Key o % KEYS. An atomic block is what a store does as one: a Lua script, an SQL statement or transaction, a confirm
 * or an acknowledgement. Between two blocks anything may happen, a kill included. Time is left out: whatever may happen at some
 * time may happen at any time.
 */

#ifndef BUYERS
#define BUYERS 2
#endif
#ifndef KEYS
#define KEYS 1          /* orders that each buyer asks for */
#endif
#ifndef UNITS
#define UNITS 2         /* allocated to the item; each order is for one */
#endif
#ifndef LIMIT
#define LIMIT 1         /* for each buyer */
#endif
#ifndef APIS
#define APIS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef RETURNERS
#define RETURNERS 2
#endif
#ifndef CASHIERS
#define CASHIERS 1      /* payments and cancellations under way */
#endif
#ifndef LOSSES
#define LOSSES 0        /* how often Redis is emptied */
#endif
#ifndef REBUILDERS
#define REBUILDERS 2
#endif

#define ORDERS          (BUYERS * KEYS)
#define NONE            15
#define ALL             ((1 << ORDERS) - 1)
#define HAS(set, o)     (((set) >> (o)) & 1)
#define ADD(set, o)     set = set | (1 << (o))
#define DROP(set, o)    set = set & ~(1 << (o))
#define SIZE(set)       (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + (((set) >> 3) & 1))
#define OF(o)           (((1 << KEYS) - 1) << (((o) / KEYS) * KEYS))    /* all orders of the buyer of o */
#define IN(some, all)   (((some) & ~(all)) == 0)

/* Redis. The counts `held` and `buyers` of the code are the sizes of sets here. */
mtype = { sells, lost, gone }
mtype item = sells;         /* gone: the keys are not there; lost: stopped until the rebuild */
short available = UNITS;
byte hold, outbox, keyed;
byte token;                 /* of the rebuild that may go on */

/* RabbitMQ: orders of which a message waits, how many there may be; and how many deliveries of each a worker has in hand. */
byte queue;
byte hands[4];
#define IN_HAND         ((hands[0] > 0) | ((hands[1] > 0) << 1) | ((hands[2] > 0) << 2) | ((hands[3] > 0) << 3))
#define BROKER          (queue | IN_HAND)

/* PostgreSQL */
byte placed, paid, closed, rejected, quarantined;
byte ledger;                /* live units of the ledger row */
byte returns;               /* rows of stock_returns */
byte payments;              /* rows of payments: one payment for each order */

byte lostAt;                /* sale_items.lost_at: set by this rebuild, which has not ended; 0 for none */
bool isOld;                 /* the epoch that the cashier read is not that of sale_items any more */

#define ROWS            (placed | paid | closed | rejected)
#define LIVE            (placed | paid)

/* What the promises are about and no store contains. */
byte accepted;              /* a 202 was, or could have been, answered */
byte money;                 /* payments that the provider knows to be accepted */
byte back;                  /* its unit has come back */
byte before, forgotten;     /* accepted when Redis was emptied; of these, those that were nowhere else */
byte losses;

inline any(o, set)
{
  if
  :: HAS(set, 0) -> o = 0
  :: HAS(set, 1) -> o = 1
  :: HAS(set, 2) -> o = 2
  :: HAS(set, 3) -> o = 3
  fi
}

/* kill -9, and the start of the next process: what it had in memory is gone. */
#ifdef KILLS
byte kills;
#define MAY_DIE         (kills < KILLS)
#define COUNT_KILL      kills++
#else
#define MAY_DIE         true
#define COUNT_KILL      skip
#endif

inline die()
{
  MAY_DIE -> COUNT_KILL; o = NONE
}

/* The number of the promise stands in spin's message, and so must be in the expression. */
#define PROMISE(n, what) assert((n) * (what))

/* The promises of docs/ARCHITECTURE.md. Asked after every step. */
inline check()
{
  d_step {
    /* 1. No order is lost: until it has its row or is in quarantine, it is in the outbox. */
    PROMISE(1, IN(accepted & ~before, outbox | ROWS | quarantined));
    /*    What RabbitMQ had when Redis lost everything is not lost either. */
    PROMISE(1, IN(before & ~forgotten, BROKER | outbox | ROWS | quarantined));
    /*    None is there twice: an order has one row, and the ledger counts each once. */
    PROMISE(1, (placed & paid) == 0 && ((placed | paid) & closed) == 0 && ((placed | paid | closed) & rejected) == 0);
    PROMISE(1, ledger == SIZE(LIVE));
    /* 2. No oversell; and as long as Redis is whole, PostgreSQL has nothing to reject. */
    PROMISE(2, SIZE(LIVE) <= UNITS);
    PROMISE(2, losses > 0 || (rejected == 0 && available >= 0));
    /* 3. No undersell: each unit is for sale or held, and for each hold some process will settle it or give it back. */
    PROMISE(3, item != sells || available + SIZE(hold) == UNITS);
    PROMISE(3, IN(hold, outbox | LIVE | quarantined | returns));
    /*    A live order has a hold. After a loss, it may have a worker that will give it one. */
    PROMISE(3, losses > 0 || IN(LIVE, hold));
    PROMISE(3, item != sells || IN(LIVE & ~hold, BROKER));
    /* 4. The limit. */
    PROMISE(4, losses > 0 || (SIZE(hold & OF(0)) <= LIMIT && SIZE(hold & OF(ORDERS - 1)) <= LIMIT));
    PROMISE(4, losses > 0 || (SIZE(LIVE & OF(0)) <= LIMIT && SIZE(LIVE & OF(ORDERS - 1)) <= LIMIT));
    /* 6. A unit comes back only from an order that is over; release() asks whether once. */
    PROMISE(6, IN(back, closed | rejected));
    /* 7. Who paid has the order. */
    PROMISE(7, money == paid);
  }
}

/* (3) reserve.lua */
inline reserve(o, got)
{
  d_step {
    got = false;
    if
    :: item != sells || HAS(keyed, o) -> skip                   /* 503; or replayed: the same order again */
#ifndef BROKEN_LIMIT_OUTSIDE_SCRIPT
    :: else -> if
    :: SIZE(hold & OF(o)) >= LIMIT -> skip                      /* limit-reached */
#endif
    :: else -> if
    :: available < 1 -> skip                                    /* sold-out */
    :: else ->
      /* 5. One order for a key. */
      PROMISE(5, losses > 0 || !HAS(accepted, o));
      got = !HAS(accepted, o)
    fi
#ifndef BROKEN_LIMIT_OUTSIDE_SCRIPT
    fi
#endif
    fi;
    if
    :: got ->
      available--;
#ifndef BROKEN_HOLD_NOT_WRITTEN
      ADD(hold, o);
#endif
#ifndef BROKEN_OUTBOX_IN_A_SECOND_CALL
      ADD(outbox, o);
#endif
#ifndef BROKEN_KEY_IN_A_SECOND_CALL
      ADD(keyed, o);
#endif
      ADD(accepted, o)
    :: else
    fi
  }
}

/* (6) One statement: the row if there is none, and the ledger. What does not fit is rejected, and its hold is on its way back. */
inline place(o)
{
  d_step {
    if
#ifdef BROKEN_EVERY_DELIVERY_COUNTS
    :: HAS(ROWS, o) && HAS(LIVE, o) -> ledger++
#endif
    :: HAS(ROWS, o) -> skip
#ifdef BROKEN_NO_LEDGER_CHECK
    :: else -> ADD(placed, o); ledger++
#else
    :: !HAS(ROWS, o) && ledger < UNITS -> ADD(placed, o); ledger++
    :: !HAS(ROWS, o) && ledger >= UNITS -> ADD(rejected, o); ADD(returns, o)
#endif
    fi
  }
}

/* Cancelled or expired: one compare-and-set on the row, the ledger, and the row of the return, in one statement. */
inline close(o)
{
  d_step {
    DROP(placed, o); DROP(paid, o); ADD(closed, o); ledger--;
#ifndef BROKEN_RETURN_IN_A_SECOND_TRANSACTION
    ADD(returns, o)
#endif
  }
}

/* (9) release.lua: the process that deletes the hold gives the unit back. */
inline release(o)
{
  d_step {
    if
#ifdef BROKEN_RELEASE_WITHOUT_HOLD_CHECK
    :: item != gone ->
#else
    :: HAS(hold, o) && item != gone ->
#endif
      PROMISE(6, !HAS(back, o));
      DROP(hold, o); DROP(outbox, o); ADD(back, o); available++
    :: else
    fi
  }
}

/* rehold.lua, with the row locked: a live order whose hold is not there gets it. */
inline rehold(o)
{
  d_step {
    if
    :: HAS(LIVE, o) && !HAS(hold, o) && item != gone -> ADD(hold, o); available--
    :: else
    fi
  }
}

/* (1)-(5) An API: any buyer's click, and the relay. After a kill, or while RabbitMQ is down, nothing is published. */
active [APIS] proctype Api()
{
  byte o = NONE;
  bool got;
end:
  do
  :: atomic {
       (ALL & ~(accepted & keyed)) != 0 -> any(o, ALL & ~(accepted & keyed));
#ifdef BROKEN_LIMIT_OUTSIDE_SCRIPT
       if
       :: SIZE(hold & OF(o)) >= LIMIT -> o = NONE; goto end
       :: else
       fi
     }
     atomic {
#endif
       reserve(o, got);
       check();
       if
       :: got -> got = false
       :: else -> o = NONE; goto end
       fi
     }
#ifdef BROKEN_OUTBOX_IN_A_SECOND_CALL
     if
     :: atomic { ADD(outbox, o); check() }
     :: atomic { die(); goto end }
     fi;
#endif
#ifdef BROKEN_KEY_IN_A_SECOND_CALL
     if
     :: atomic { ADD(keyed, o); check() }
     :: atomic { die(); goto end }
     fi;
#endif
     if
     :: atomic { ADD(queue, o); o = NONE; check() }            /* (5) confirmed */
     :: atomic { die() }                                        /* or not confirmed */
     fi
  od
}

/* (10) What it claimed and did not publish before a kill becomes due again: as if it had claimed nothing. */
#ifndef BROKEN_NO_SWEEPER
active proctype Sweeper()
{
  byte o;
end:
  do
  :: atomic { (outbox & hold) != 0 -> any(o, outbox & hold); ADD(queue, o); o = 0; check() }
  od
}
#endif

/*
 * (6)(7) A worker with one delivery in hand. Until it commits, no other process sees a change. A delivery that it has not
 * acknowledged when it dies waits again; and there may always have been another copy.
 */
inline take(o, set)
{
  (set) != 0 -> any(o, set);
  hands[o]++;
#ifdef LIVENESS
  DROP(queue, o)
#else
  if
  :: DROP(queue, o)
  :: skip
  fi
#endif
}

#ifdef BROKEN_ACK_BEFORE_COMMIT
#define ACK             skip
#define REQUEUE         skip
#else
#define ACK             hands[o]--
#define REQUEUE         hands[o]--; ADD(queue, o)
#endif

inline letGo()
{
  MAY_DIE -> REQUEUE; die()
}

active [WORKERS] proctype Worker()
{
  byte o = NONE;
end:
  do
#ifdef BROKEN_ACK_BEFORE_COMMIT
  :: atomic { take(o, queue); hands[o]--; check() }
     atomic { place(o); check() }
#elif defined(BROKEN_SETTLE_BEFORE_COMMIT)
  :: atomic { take(o, queue); DROP(outbox, o); check() }
     atomic { place(o); check() }
#else
  :: if
     :: atomic { take(o, queue); place(o); check() }
#ifdef POISON
     :: atomic { take(o, queue & ~ROWS); ADD(quarantined, o); check() }
#endif
     fi;
#endif
     if
     :: atomic {
          DROP(outbox, o);                                      /* settle.lua; returns whether there is a hold */
          check();
          if
          :: HAS(hold, o) -> goto ack
          :: else
          fi
        }
     :: atomic { letGo(); goto end }
     fi;
#ifndef BROKEN_LATE_ORDERS_GET_NO_HOLD
     if
     :: atomic { rehold(o); check() }
     :: atomic { letGo(); goto end }
     fi;
#endif
ack: if
     :: atomic { ACK; o = NONE; check() }
     :: atomic { letGo(); check() }
     fi
  od
}

/* Expiry, by any worker: nothing is kept between two statements, so one process is as good as many. */
active proctype Expiry()
{
#ifdef BROKEN_EXPIRY_DOES_NOT_CHECK
  byte o = NONE;
end:
  do
  :: atomic { placed != 0 -> any(o, placed) }
     atomic { close(o); o = NONE; check() }
  od
#else
  byte o;
end:
  do
  :: atomic {
       placed != 0 -> any(o, placed);
       close(o);
       check()
#ifdef BROKEN_RETURN_IN_A_SECOND_TRANSACTION
     }
     atomic { ADD(returns, o)
#endif
       ; o = 0
     }
  od
#endif
}

/* A payment or a cancellation, which may come before the order's message: then the order is persisted on the spot. */
#if CASHIERS > 0
active [CASHIERS] proctype Cashier()
{
  byte o = NONE;
end:
  do
  :: atomic {
       (accepted & ~(payments | closed | rejected)) != 0 -> any(o, accepted & ~(payments | closed | rejected));
       if
       :: !HAS(ROWS, o) && HAS(outbox, o) && HAS(hold, o) -> isOld = false
       :: else -> goto decide
       fi
     }
     if
#ifdef BROKEN_PLACED_WHATEVER_THE_EPOCH
     :: atomic { place(o); check() }
#else
     :: atomic { lostAt == 0 && !isOld -> place(o); check() }
     :: atomic { lostAt != 0 || isOld -> o = NONE; goto end }   /* 503: try again */
#endif
     :: atomic { die(); goto end }
     fi;
decide:
     if
     :: atomic {
          !HAS(payments, o) -> ADD(payments, o);
          if
          :: HAS(placed, o) -> DROP(placed, o); ADD(paid, o); ADD(money, o)
          :: else                                               /* listed for refund */
          fi;
          o = NONE;
          check()
        }
     :: atomic { HAS(placed, o) -> close(o); o = NONE; check() }
     :: atomic { die() }                                        /* or they changed their mind */
     fi
  od
}
#endif

/* (9) The row is deleted, the hold released, the deletion committed. No lock here: two may return the same order. */
active [RETURNERS] proctype Returner()
{
  byte o = NONE;
end:
  do
#ifdef BROKEN_RETURN_COMMITTED_BEFORE_RELEASE
  :: atomic { returns != 0 -> any(o, returns); DROP(returns, o); check() }
     atomic { release(o); check() }
#else
  :: atomic { returns != 0 -> any(o, returns); release(o); check() }
#endif
     if
     :: atomic { DROP(returns, o); o = NONE; check() }
     :: atomic { die() }
     fi
  od
}

#if LOSSES > 0
active proctype Disaster()
{
end:
  do
  :: atomic {
       losses < LOSSES && accepted != 0 ->
       losses++;
       before = accepted; forgotten = accepted & ~(BROKER | ROWS | quarantined);
       item = gone; available = 0; hold = 0; outbox = 0; keyed = 0; token = 0;
       check()
     }
  od
}

/* (12) Two rebuilds may overlap, as when one was frozen and lost its lock: the token decides. */
active [REBUILDERS] proctype Rebuild()
{
  byte o = 0;
end:
  do
  :: atomic { item != sells -> item = lost; token = _pid; check() }             /* fence.lua */
     atomic { lostAt = _pid; check() }
     atomic {
       if
       :: token == _pid && (outbox & hold) == 0 && item == lost ->              /* reset.lua */
         available = UNITS; hold = 0; outbox = 0
       :: else -> goto over
       fi;
       check()
     }
     do
     :: atomic { o < ORDERS -> rehold(o); o++; check() }
     :: atomic { die(); goto over }
     :: atomic {
          o == ORDERS ->
          if
          :: lostAt == _pid -> lostAt = 0; isOld = true; check()                /* the next epoch */
          :: else -> goto over
          fi;
          break
        }
     od;
     if
     :: atomic {
          if
          :: token == _pid && item == lost -> item = sells; token = 0; check()  /* reopen.lua */
          :: else
          fi
        }
     :: atomic { die() }
     fi;
over:
     o = 0
  od
}
#endif

/* Liveness, with finitely many kills, and processes that go on when they can. Asked for the first order and the last. */
#ifdef LIVENESS
ltl persisted {
  [] (HAS(accepted, 0) -> <> HAS(ROWS | quarantined, 0)) && [] (HAS(accepted, ORDERS - 1) -> <> HAS(ROWS | quarantined, ORDERS - 1))
}
ltl returned {
  [] (HAS(closed, 0) -> <> !HAS(hold, 0)) && [] (HAS(closed, ORDERS - 1) -> <> !HAS(hold, ORDERS - 1))
}
ltl drained {
  [] (HAS(accepted, 0) -> <> !HAS(outbox, 0)) && [] (HAS(accepted, ORDERS - 1) -> <> !HAS(outbox, ORDERS - 1))
}
#endif
