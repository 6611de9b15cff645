//! Keys of the objects of one worker. The packet path knows objects by these alone; the ids that
//! Python gives them are looked up for requests only.

use slotmap::new_key_type;

new_key_type! {
    /// A router.
    pub struct RouterKey;
    /// A transport.
    pub struct TransportKey;
    /// A producer.
    pub struct ProducerKey;
    /// A consumer.
    pub struct ConsumerKey;
    /// A data producer.
    pub struct DataProducerKey;
    /// A data consumer.
    pub struct DataConsumerKey;
    /// An observer.
    pub struct ObserverKey;
}
