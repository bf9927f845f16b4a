//! One hand of no-limit hold'em, played again from its recorded actions: whose turn it is, what may be bet,
//! which pots there are and who wins them. Counts whole chips; how a pot is cut among its winners is not
//! decided here.

use crate::cards::{self, Card, Strength};
use crate::pots;

/// The most chips in front of a seat: all of a table's chips can then be counted in parts of a chip.
const CHIPS_MAX: i64 = 1_000_000_000_000;

/// What stands on the table before the first card, seat by seat. The first seat is the one left of the button.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Chips in front of each seat.
    pub starting_stacks: &'a [i64],
    /// Put in before the cards; not part of the bet.
    pub antes: &'a [i64],
    /// Blinds and straddles: each seat's first bet.
    pub blinds: &'a [i64],
    /// The least that may be bet, or raised by.
    pub min_bet: i64,
}

/// How a hand ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Chips left behind or returned, before the pots are shared.
    pub kept: Vec<i64>,
    /// The pots, the main one first.
    pub pots: Vec<Pot>,
}

/// Chips that the same seats could win.
#[derive(Debug, PartialEq, Eq)]
pub struct Pot {
    /// How many.
    pub chips: i64,
    /// Places of the seats that win it, from 0, in the order of the seats.
    pub winners: Vec<usize>,
}

/// Why a recording cannot be played: the action that breaks a rule, and the rule.
pub type Illegal = String;

/// Plays a hand to its end. Actions are in PHH notation: `d dh p1 AhKd`, `d db 2c3c4c`, `p3 cbr 225`, `p4
/// cc`, `p5 f`, `p3 sm AhKd`.
pub fn play(setup: Setup, actions: &[String]) -> Result<Outcome, Illegal> {
    let mut hand = Hand::start(setup)?;
    for action in actions {
        hand.act(action)
            .map_err(|rule| format!("`{action}`: {rule}"))?;
    }
    hand.finish()
}

struct Seat {
    stack: i64,
    /// Put in during this round of betting.
    bet: i64,
    /// Put in since the cards were dealt, antes included.
    paid: i64,
    /// Has not given up its cards.
    live: bool,
    /// Has yet to answer the highest bet.
    pending: bool,
    hole: Vec<Card>,
}

impl Seat {
    fn pay(&mut self, chips: i64) {
        self.stack -= chips;
        self.bet += chips;
        self.paid += chips;
    }
}

struct Hand {
    seats: Vec<Seat>,
    board: Vec<Card>,
    /// A bit for each card seen.
    dealt: u64,
    /// The seat that acted last.
    last: usize,
    highest_bet: i64,
    min_bet: i64,
    /// By how much the next raise must go up at least.
    min_raise: i64,
}

impl Hand {
    fn start(setup: Setup) -> Result<Hand, Illegal> {
        let count = setup.starting_stacks.len();
        if !(3..=10).contains(&count) || setup.antes.len() != count || setup.blinds.len() != count {
            return Err(format!(
                "{count} stacks, {} antes and {} blinds, expected 3 to 10 of each",
                setup.antes.len(),
                setup.blinds.len()
            ));
        }
        let mut seats = Vec::with_capacity(count);
        for ((stack, ante), blind) in setup
            .starting_stacks
            .iter()
            .zip(setup.antes)
            .zip(setup.blinds)
        {
            if !(1..=CHIPS_MAX).contains(stack) || *ante < 0 || *blind < 0 {
                return Err(format!(
                    "stack {stack}, ante {ante}, blind {blind}: expected a stack of 1 to {CHIPS_MAX}, and no debts"
                ));
            }
            let mut seat = Seat {
                stack: *stack,
                bet: 0,
                paid: 0,
                live: true,
                pending: false,
                hole: Vec::new(),
            };
            seat.pay((*ante).min(seat.stack));
            seat.bet = 0;
            seat.pay((*blind).min(seat.stack));
            seat.pending = seat.stack > 0;
            seats.push(seat);
        }
        let highest_bet = setup.blinds.iter().copied().max().unwrap_or(0);
        let last = setup
            .blinds
            .iter()
            .rposition(|blind| *blind > 0)
            .unwrap_or(count - 1);
        Ok(Hand {
            seats,
            board: Vec::new(),
            dealt: 0,
            last,
            highest_bet,
            min_bet: setup.min_bet,
            min_raise: setup.min_bet,
        })
    }

    fn act(&mut self, action: &str) -> Result<(), Illegal> {
        let words: Vec<&str> = action.split_whitespace().collect();
        match words[..] {
            ["d", "dh", player, dealt] => {
                let seat = self.seat(player)?;
                if !self.seats[seat].hole.is_empty() {
                    return Err("this seat has its cards".into());
                }
                self.seats[seat].hole = self.take(dealt, 2)?;
            }
            ["d", "db", dealt] => self.deal_board(dealt)?,
            [player, "f"] => {
                let seat = self.turn_of(player)?;
                self.seats[seat].live = false;
            }
            [player, "cc"] => {
                let seat = self.turn_of(player)?;
                let missing = self.highest_bet - self.seats[seat].bet;
                let seat = &mut self.seats[seat];
                seat.pay(missing.min(seat.stack));
            }
            [player, "cbr", total] => self.raise(
                player,
                total
                    .parse()
                    .map_err(|_| "the bet is not a number of chips")?,
            )?,
            [player, "sm"] => {
                let seat = self.showdown(player)?;
                self.seats[seat].live = false;
            }
            [player, "sm", shown] => {
                let seat = self.showdown(player)?;
                if cards::parse(shown).as_ref() != Some(&self.seats[seat].hole) {
                    return Err("these are not the seat's cards".into());
                }
            }
            _ => return Err("not an action of hold'em".into()),
        }
        Ok(())
    }

    fn seat(&self, player: &str) -> Result<usize, Illegal> {
        let number = player
            .strip_prefix('p')
            .and_then(|number| number.parse::<usize>().ok());
        number
            .filter(|number| (1..=self.seats.len()).contains(number))
            .map(|number| number - 1)
            .ok_or_else(|| format!("there is no seat {player}"))
    }

    /// The seat, which must be the next to act; it has acted once this returns.
    fn turn_of(&mut self, player: &str) -> Result<usize, Illegal> {
        let seat = self.seat(player)?;
        let count = self.seats.len();
        let next = (1..=count)
            .map(|step| (self.last + step) % count)
            .find(|next| self.seats[*next].pending);
        if next != Some(seat) {
            let next = next.map_or("nobody".to_owned(), |next| format!("p{}", next + 1));
            return Err(format!("it is not this seat's turn, but {next}'s"));
        }
        self.last = seat;
        self.seats[seat].pending = false;
        Ok(seat)
    }

    fn raise(&mut self, player: &str, total: i64) -> Result<(), Illegal> {
        let seat = self.turn_of(player)?;
        let all_in = self.seats[seat].bet + self.seats[seat].stack;
        if total <= self.highest_bet || total > all_in {
            return Err(format!(
                "the bet must be over {} and at most {all_in}",
                self.highest_bet
            ));
        }
        let raise = total - self.highest_bet;
        if raise < self.min_raise && total < all_in {
            return Err(format!("the bet must go up by {} at least", self.min_raise));
        }
        let chips = total - self.seats[seat].bet;
        self.seats[seat].pay(chips);
        self.highest_bet = total;
        self.min_raise = self.min_raise.max(raise);
        for (other, answering) in self.seats.iter_mut().enumerate() {
            answering.pending = other != seat && answering.live && answering.stack > 0;
        }
        Ok(())
    }

    fn showdown(&self, player: &str) -> Result<usize, Illegal> {
        let seat = self.seat(player)?;
        if !self.seats[seat].live {
            return Err("this seat has given up its cards".into());
        }
        self.betting_is_over()?;
        Ok(seat)
    }

    fn betting_is_over(&self) -> Result<(), Illegal> {
        let waiting = self.seats.iter().position(|seat| seat.pending);
        match waiting {
            // The last seat with cards has nobody left to answer.
            Some(seat) if self.live().count() > 1 => Err(format!("p{} has yet to act", seat + 1)),
            _ => Ok(()),
        }
    }

    fn deal_board(&mut self, dealt: &str) -> Result<(), Illegal> {
        self.betting_is_over()?;
        let count = match self.board.len() {
            0 => 3,
            3 | 4 => 1,
            _ => return Err("the board is complete".into()),
        };
        let dealt = self.take(dealt, count)?;
        self.board.extend(dealt);
        // With one stack left, or none, there is nobody to bet against.
        let betting = self.live().filter(|(_, seat)| seat.stack > 0).count() > 1;
        for seat in &mut self.seats {
            seat.bet = 0;
            seat.pending = betting && seat.live && seat.stack > 0;
        }
        self.highest_bet = 0;
        self.min_raise = self.min_bet;
        self.last = self.seats.len() - 1;
        Ok(())
    }

    fn take(&mut self, text: &str, count: usize) -> Result<Vec<Card>, Illegal> {
        let taken = cards::parse(text)
            .filter(|taken| taken.len() == count)
            .ok_or_else(|| format!("expected {count} cards"))?;
        for card in &taken {
            if self.dealt & card.bit() != 0 {
                return Err("a card is dealt twice".into());
            }
            self.dealt |= card.bit();
        }
        Ok(taken)
    }

    fn live(&self) -> impl Iterator<Item = (usize, &Seat)> {
        self.seats.iter().enumerate().filter(|(_, seat)| seat.live)
    }

    fn finish(mut self) -> Result<Outcome, Illegal> {
        self.betting_is_over()?;
        if self.live().count() > 1 && self.board.len() < 5 {
            return Err("the hand breaks off before its showdown".into());
        }
        let mut paid: Vec<i64> = self.seats.iter().map(|seat| seat.paid).collect();
        if let Some((bettor, back)) = pots::uncalled(&paid) {
            paid[bettor] -= back;
            self.seats[bettor].stack += back;
        }
        let live: Vec<bool> = self.seats.iter().map(|seat| seat.live).collect();
        let mut pots = Vec::new();
        for (chips, able) in pots::layers(&paid, &live) {
            let winners = self.best_of(able)?;
            if winners.is_empty() {
                return Err("a pot is left that nobody claims".into());
            }
            pots.push(Pot { chips, winners });
        }
        Ok(Outcome {
            kept: self.seats.iter().map(|seat| seat.stack).collect(),
            pots,
        })
    }

    /// Who of these seats wins, by their cards; a seat alone wins without any.
    fn best_of(&self, able: Vec<usize>) -> Result<Vec<usize>, Illegal> {
        if able.len() < 2 {
            return Ok(able);
        }
        if let Some(unknown) = able.iter().find(|seat| self.seats[**seat].hole.is_empty()) {
            return Err(format!("p{} was dealt no cards", unknown + 1));
        }
        let strength =
            |seat: usize| Strength::of(&[&self.seats[seat].hole[..], &self.board].concat());
        let ranked: Vec<(usize, Strength)> = able
            .into_iter()
            .map(|seat| (seat, strength(seat)))
            .collect();
        let best = ranked.iter().map(|(_, strength)| *strength).max();
        Ok(ranked
            .into_iter()
            .filter(|(_, strength)| Some(*strength) == best)
            .map(|(seat, _)| seat)
            .collect())
    }
}
