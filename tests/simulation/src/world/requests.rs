//! Owns what clients ask for, and what is believed of the answers and of the log.

use super::*;

impl World {
    pub(super) fn data(&mut self) -> Data {
        self.next += 1;
        let n = match self.random.below(6) {
            0 => -1,
            _ => self.random.below(100).cast_signed(),
        };
        Data {
            key: self.random.below(8).cast_signed(),
            n,
            // A text that no other event has: what is erased is looked for.
            text: format!("secret-{:06}-{:08x}", self.next, self.random.next() as u32),
        }
    }

    pub(super) fn append(&mut self) {
        let mut events = Vec::new();
        let mut incoming = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let data = self.data();
            let id = format!("e{}", self.next);
            let event = json!({
                "type": "tally.Happened", "id": id, "source": "/simulation", "time": "2026-01-01T00:00:00Z",
                "data": serde_json::from_str::<Json>(&data.json()).expect("JSON"),
            });
            incoming.push(Incoming::parse(&event.to_string()).expect("an event"));
            events.push((id, data));
        }
        // What is known already comes again now and then: nothing may be added.
        if self.random.below(5) == 0 {
            let known = self
                .model
                .entries
                .iter()
                .rev()
                .find_map(|entry| match entry {
                    Entry::Happened {
                        id,
                        data: Some(data),
                        is_repaired: false,
                        ..
                    } if is_own(id) => Some((id.clone(), data.clone())),
                    _ => None,
                });
            if let Some((id, data)) = known {
                let event = json!({
                    "type": "tally.Happened", "id": id, "source": "/simulation", "time": "2026-01-01T00:00:00Z",
                    "data": serde_json::from_str::<Json>(&data.json()).expect("JSON"),
                });
                incoming.push(Incoming::parse(&event.to_string()).expect("an event"));
            }
        }
        self.say(|| format!("append {events:?}"));
        let (answer, done) = later::<Answered>();
        let request = AppendRequest {
            events: incoming,
            ..AppendRequest::default()
        };
        let told = Box::new(move |result: Result<Vec<daybook::book::Admitted>, Error>| {
            done(result.map(|admitted| {
                let new = admitted.into_iter().filter(|it| !it.receipt.duplicate);
                Answered::Kept(new.map(|it| (it.receipt.seq.0, it.receipt.id)).collect())
            }));
        });
        let writer = self.writer.as_ref().expect("open");
        if writer.append(request, told).is_ok() {
            self.asked.push(Asked {
                events,
                answer,
                is_command: false,
            });
        }
    }

    pub(super) fn command(&mut self) {
        let data = self.data();
        let request = Request {
            command_type: "tally.Do".to_owned(),
            data: data.json(),
            id: Some(given::id()),
            ..Request::default()
        };
        self.say(|| format!("command {data:?}"));
        let (answer, done) = later::<Answered>();
        let told = Box::new(move |result: Result<daybook::book::Reply, Error>| {
            done(result.map(|reply| {
                match reply.decision {
                    Decision::Accepted(events) => Answered::Kept(
                        { events.into_iter() }
                            .map(|it| (it.event.seq.0, it.event.id))
                            .collect(),
                    ),
                    Decision::Rejected(_) => Answered::Rejected,
                }
            }));
        });
        let writer = self.writer.as_ref().expect("open");
        if writer.run(request, told).is_ok() {
            self.asked.push(Asked {
                events: vec![(String::new(), data)],
                answer,
                is_command: true,
            });
        }
    }

    /// Answers that came, each held against the log and the model.
    pub(super) fn hear(&mut self) -> Found {
        if disk().has_crashed() {
            return Ok(());
        }
        let mut kept = Vec::new();
        for asked in std::mem::take(&mut self.asked) {
            match taken(&asked.answer) {
                None => self.asked.push(asked),
                Some(Ok(Answered::Kept(new))) => {
                    self.report.acknowledged += 1;
                    self.say(|| format!("kept {new:?}"));
                    kept.push((asked, new));
                }
                Some(Ok(Answered::Rejected)) => {
                    self.report.refused += 1;
                    self.say(|| format!("rejected {:?}", asked.events));
                    if asked.events[0].1.n <= 50 {
                        return Err(format!("a command was rejected: {:?}", asked.events));
                    }
                }
                Some(Err(error)) if is_doubtful(&error) => {
                    self.report.doubtful += 1;
                    self.say(|| format!("in doubt {:?}: {error}", asked.events));
                    self.doubtful.push(asked.events);
                }
                Some(Err(error)) => {
                    self.report.refused += 1;
                    self.say(|| format!("refused {:?}: {error}", asked.events));
                    if asked.events.iter().all(|(_, data)| data.n != -1) {
                        return Err(format!("refused: {:?}: {error}", asked.events));
                    }
                    if !asked.is_command {
                        self.refused
                            .extend(asked.events.into_iter().map(|(id, _)| id));
                    }
                }
            }
        }
        // What was kept is on its way no more, but stands as an offer for what the log shows.
        let offers: Vec<_> = kept.iter().map(|(asked, _)| asked.events.clone()).collect();
        self.absorb(&offers)?;
        for (asked, new) in kept {
            for ((_, data), (seq, id)) in asked.events.iter().zip(&new) {
                match self.model.entries.get(*seq as usize - 1) {
                    Some(Entry::Happened { id: known, .. }) if known == id => {}
                    other => {
                        return Err(format!(
                            "{data:?} was acknowledged as {id} at {seq}, where the log has {other:?}"
                        ));
                    }
                }
            }
            if new.len() != asked.events.len() {
                return Err(format!("{:?} came to {new:?}", asked.events));
            }
        }
        Ok(())
    }

    /// Takes into the model what the log has beyond it. Each event must have been asked for, whole requests at once.
    pub(super) fn absorb(&mut self, kept: &[Vec<(String, Data)>]) -> Found {
        if disk().has_crashed() {
            return Ok(());
        }
        disk().watch(true);
        let filter = EventFilter {
            from: Some(Seq(self.model.entries.len() as u64 + 1)),
            ..EventFilter::default()
        };
        let events = Reader::beside(&self.path)
            .and_then(|reader| reader.events(&filter, usize::MAX >> 1))
            .map_err(|error| format!("reading the log: {error}"));
        disk().watch(false);
        let events = events?;
        let mut at = 0;
        while let Some(event) = events.get(at) {
            let seq = self.model.entries.len() as u64 + 1;
            if event.seq.0 != seq {
                return Err(format!("position {seq} is missing; {} follows", event.seq));
            }
            let name = event.event_type.as_str();
            if name.starts_with("daybook.") {
                self.say(|| format!("log {seq}: {name} {}", event.data));
                self.system(name, &event.data)?;
                self.model.entries.push(Entry::System);
                at += 1;
                continue;
            }
            let json: Json = serde_json::from_str(&event.data).expect("JSON");
            let text = json["text"].as_str().unwrap_or_default();
            let offers = kept.iter().chain(&self.doubtful);
            let mut offers = offers.chain(self.asked.iter().map(|it| &it.events));
            let whole = offers.find(|events| events[0].1.text == text);
            let whole = whole
                .cloned()
                .map_or_else(|| self.of_the_clock(text), |it| Ok(Some(it)));
            let Some(whole) = whole? else {
                return Err(format!(
                    "nobody asked for event {seq}, {}: {}",
                    event.id, event.data
                ));
            };
            for (id, data) in &whole {
                let Some(event) = events.get(at) else {
                    return Err(format!("half of {whole:?} is in the log"));
                };
                let json: Json = serde_json::from_str(&event.data).expect("JSON");
                if json["text"] != *data.text || !(id.is_empty() || *id == event.id) {
                    return Err(format!("of {whole:?} the log has {}", event.data));
                }
                if self.refused.contains(&event.id) {
                    return Err(format!("{} was refused and is in the log", event.id));
                }
                self.model.entries.push(Entry::Happened {
                    id: event.id.clone(),
                    data: Some(data.clone()),
                    is_repaired: false,
                    is_redacted: false,
                });
                at += 1;
            }
            self.doubtful.retain(|it| *it != whole);
        }
        if let Err(seq) = self.model.rows() {
            return Err(format!(
                "event {seq} deletes a row that is not there, and was kept"
            ));
        }
        Ok(())
    }

    /// What an event of the host's own says.
    pub(super) fn system(&mut self, name: &str, data: &str) -> Found {
        let json: Json = serde_json::from_str(data).expect("JSON");
        let of = |act: Option<Act>| act.ok_or_else(|| format!("nobody asked for {name} {data}"));
        match name {
            "daybook.EventAmended" => match of(self.act.take())? {
                Act::Amend(seq, new) if json["seq"] == seq => self.change(seq, Some(new), false),
                other => return Err(format!("{name} {data}, where {other:?} was asked for")),
            },
            "daybook.EventRedacted" => match of(self.act.take())? {
                Act::Redact(seq, new) if json["seq"] == seq => self.change(seq, new, true),
                other => return Err(format!("{name} {data}, where {other:?} was asked for")),
            },
            "daybook.VersionActivated" => {
                self.model.times = 3 - self.model.times;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn change(&mut self, seq: usize, new: Option<Data>, erase: bool) {
        if let Some(Entry::Happened {
            data,
            is_repaired,
            is_redacted,
            ..
        }) = self.model.entries.get_mut(seq - 1)
        {
            if erase && let Some(gone) = data {
                self.model.erased.push(gone.text.clone());
            }
            *data = new;
            *is_repaired = true;
            *is_redacted |= erase;
        }
    }
}

/// An id that a request gave its event. Those that the host gives are UUIDs, of which some begin alike.
fn is_own(id: &str) -> bool {
    let number = id.strip_prefix('e');
    number.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}
