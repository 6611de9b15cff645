//! Who is in a simulated call, what they have, and what they do.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, RngCore};
use serde_json::json;
use videocall_client::DtlsRole;
use videocall_client::profile::Source;
use videocall_netsim::Link;

use super::check::Seen;
use crate::rig::{Client, Codec, SFU_ADDRESS, Stream, World, ms, opus, opus_with_red, vp8};

/// Tracks of one kind that somebody may publish at a time.
const MOST_TRACKS: usize = 3;

pub struct Person {
    pub name: String,
    /// Index of the client that sends, and of the one that receives.
    pub sender: usize,
    pub receiver: usize,
    /// Their network is gone for good; the SFU does not know it.
    pub vanished: bool,
    next_ssrc: u32,
    next_mid: u32,
}

pub struct Producer {
    pub owner: String,
    pub video: bool,
    pub paused: bool,
    /// Which of its client's senders feeds it.
    sender: usize,
}

pub struct Consumer {
    pub owner: String,
    pub producer: String,
    pub paused: bool,
    /// Packets it had been sent when it was paused, or its producer was.
    pub sent_when_paused: Option<u64>,
}

pub struct Call {
    pub world: World,
    pub people: Vec<Person>,
    pub producers: BTreeMap<String, Producer>,
    pub consumers: BTreeMap<String, Consumer>,
    /// Every object ever made, by the name under which its end is announced.
    pub made: BTreeMap<String, &'static str>,
    pub seen: Seen,
    next: u32,
}

impl Call {
    pub fn new(seed: u64) -> Self {
        let link = Link {
            delay: ms(20),
            ..Link::default()
        };
        Self {
            world: World::new(seed, link),
            people: Vec::new(),
            producers: BTreeMap::new(),
            consumers: BTreeMap::new(),
            made: BTreeMap::from([("r".to_owned(), "router")]),
            seen: Seen::default(),
            next: 0,
        }
    }

    /// The application ends the call.
    pub fn end(&mut self) {
        self.world.request("closeRouter", json!({"routerId": "r"}));
        self.people.clear();
        self.producers.clear();
        self.consumers.clear();
        self.world.run(ms(500));
    }

    pub fn join(&mut self, rng: &mut StdRng) {
        let name = self.name("person");
        let mut role = || match rng.random_bool(0.3) {
            true => DtlsRole::Server,
            false => DtlsRole::Client,
        };
        let transports = [format!("{name}-send"), format!("{name}-recv")];
        let (sending, receiving) = (role(), role());
        self.world.sctp = rng.random();
        let sender = Client::publisher(&mut self.world, &transports[0], sending);
        let receiver = Client::subscriber(&mut self.world, &transports[1], receiving);
        for transport in transports {
            self.made.insert(transport, "transport");
        }
        self.people.push(Person {
            name,
            sender,
            receiver,
            vanished: false,
            next_ssrc: 1000,
            next_mid: 0,
        });
        let newest = self.people.len() - 1;
        self.publish(newest, true, rng);
        self.publish(newest, false, rng);
    }

    pub fn produce_something(&mut self, rng: &mut StdRng) {
        let Some(person) = (0..self.people.len()).choose(rng) else {
            return;
        };
        let video = rng.random();
        let name = &self.people[person].name;
        let tracks = self.producers.values();
        let has = tracks.filter(|track| track.owner == *name && track.video == video);
        if has.count() < MOST_TRACKS {
            self.publish(person, video, rng);
        }
    }

    pub fn consume_something(&mut self, rng: &mut StdRng) {
        let Some(person) = (0..self.people.len()).choose(rng) else {
            return;
        };
        let Some((id, producer)) = self.producers.iter().choose(rng) else {
            return;
        };
        let (id, video) = (id.clone(), producer.video);
        let consumer = self.name("consumer");
        let paused = rng.random_bool(0.5);
        let client = self.people[person].receiver;
        let codec = match (video, rng.random_bool(0.5)) {
            (true, _) => vp8(),
            (false, true) => opus_with_red(),
            (false, false) => opus(),
        };
        let stream = self.people[person].stream(codec);
        Client::consume(&mut self.world, client, &id, &consumer, &stream, paused);
        let owner = self.people[person].name.clone();
        self.made.insert(consumer.clone(), "consumer");
        self.consumers.insert(
            consumer,
            Consumer {
                owner,
                producer: id,
                paused,
                sent_when_paused: None,
            },
        );
    }

    pub fn pause_or_resume_a_consumer(&mut self, rng: &mut StdRng) {
        if let Some((id, consumer)) = self.consumers.iter_mut().choose(rng) {
            consumer.paused = !consumer.paused;
            let method = match consumer.paused {
                true => "pauseConsumer",
                false => "resumeConsumer",
            };
            self.world.request(method, json!({"consumerId": id}));
        }
    }

    pub fn pause_or_resume_a_producer(&mut self, rng: &mut StdRng) {
        if let Some((id, producer)) = self.producers.iter_mut().choose(rng) {
            producer.paused = !producer.paused;
            let method = match producer.paused {
                true => "pauseProducer",
                false => "resumeProducer",
            };
            self.world.request(method, json!({"producerId": id}));
        }
    }

    pub fn close_a_producer(&mut self, rng: &mut StdRng) {
        let Some(id) = self.producers.keys().choose(rng).cloned() else {
            return;
        };
        self.world
            .request("closeProducer", json!({"producerId": id}));
        self.forget_producers(|other, _| *other == id);
    }

    pub fn close_a_consumer(&mut self, rng: &mut StdRng) {
        let Some(id) = self.consumers.keys().choose(rng).cloned() else {
            return;
        };
        self.world
            .request("closeConsumer", json!({"consumerId": id}));
        self.consumers.remove(&id);
    }

    pub fn ask_for_a_key_frame(&mut self, rng: &mut StdRng) {
        if let Some(id) = self.consumers.keys().choose(rng) {
            self.world
                .request("requestKeyFrame", json!({"consumerId": id}));
        }
    }

    pub fn change_layers_or_priority(&mut self, rng: &mut StdRng) {
        let Some(id) = self.consumers.keys().choose(rng) else {
            return;
        };
        if rng.random() {
            let layers = json!({"consumerId": id, "spatialLayer": rng.random_range(0..3)});
            self.world.request("setPreferredLayers", layers);
        } else {
            let priority = json!({"consumerId": id, "priority": rng.random_range(1..=255)});
            self.world.request("setPriority", priority);
        }
    }

    /// Somebody leaves, as the application closes their transports.
    pub fn leave(&mut self, rng: &mut StdRng) {
        if self.people.len() < 2 {
            return;
        }
        let Some(index) = (0..self.people.len()).choose(rng) else {
            return;
        };
        let person = self.people.remove(index);
        let mut transports = ["send", "recv"].map(|way| format!("{}-{way}", person.name));
        if rng.random() {
            transports.reverse();
        }
        for transport in transports {
            self.world
                .request("closeTransport", json!({"transportId": transport}));
        }
        self.forget_producers(|_, producer| producer.owner == person.name);
        self.consumers
            .retain(|_, consumer| consumer.owner != person.name);
    }

    /// Somebody's network is gone and never comes back.
    pub fn vanish(&mut self, rng: &mut StdRng) {
        let Some(person) = self.people.iter_mut().choose(rng) else {
            return;
        };
        person.vanished = true;
        for client in [person.sender, person.receiver] {
            let address = self.world.client_address(client);
            self.world.network.cut(address, SFU_ADDRESS);
            self.world.network.cut(SFU_ADDRESS, address);
        }
    }

    /// Somebody's NAT gives them another address.
    pub fn move_somewhere(&mut self, rng: &mut StdRng) {
        if let Some(client) = self.any_client(rng) {
            self.world.move_client(client);
        }
    }

    pub fn change_a_link(&mut self, rng: &mut StdRng, link: Link) {
        if let Some(client) = self.any_client(rng) {
            let address = self.world.client_address(client);
            if rng.random() {
                self.world.network.set_link(address, SFU_ADDRESS, link);
            } else {
                self.world.network.set_link(SFU_ADDRESS, address, link);
            }
        }
    }

    fn any_client(&self, rng: &mut StdRng) -> Option<usize> {
        let here: Vec<_> = self.people.iter().filter(|it| !it.vanished).collect();
        let person = here.choose(rng)?;
        [person.sender, person.receiver].choose(rng).copied()
    }

    fn publish(&mut self, person: usize, video: bool, rng: &mut StdRng) {
        let id = self.name("producer");
        let (now, seed) = (self.world.now(), rng.next_u64());
        let source = match video {
            true => Source::video(400_000, 20, now, seed),
            false => Source::chromium_audio(now, seed),
        };
        let codec = if video { vp8() } else { opus() };
        let person = &mut self.people[person];
        let stream = person.stream(codec);
        let owner = person.name.clone();
        let client = person.sender;
        Client::produce(&mut self.world, client, &id, &stream, Some(source));
        let sender = self.world.client(client).sent.len() - 1;
        self.made.insert(id.clone(), "producer");
        self.producers.insert(
            id,
            Producer {
                owner,
                video,
                paused: false,
                sender,
            },
        );
    }

    fn forget_producers(&mut self, gone: impl Fn(&String, &Producer) -> bool) {
        let ids = self.producers.iter().filter(|(id, it)| gone(id, it));
        let ids: Vec<String> = ids.map(|(id, _)| id.clone()).collect();
        for id in ids {
            let Some(producer) = self.producers.remove(&id) else {
                continue;
            };
            let owner = self.people.iter().find(|it| it.name == producer.owner);
            if let Some(owner) = owner {
                self.world
                    .client(owner.sender)
                    .set_source(producer.sender, None);
            }
            self.consumers.retain(|_, consumer| consumer.producer != id);
        }
    }

    fn name(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }
}

impl Person {
    /// Numbers for one more stream of theirs.
    fn stream(&mut self, codec: Codec) -> Stream {
        (self.next_ssrc, self.next_mid) = (self.next_ssrc + 10, self.next_mid + 1);
        Stream {
            codec,
            ssrc: self.next_ssrc,
            mid: self.next_mid.to_string(),
        }
    }
}
