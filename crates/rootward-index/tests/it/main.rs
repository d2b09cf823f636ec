//! Tests of the index as a whole, in one program so that they are linked once.

mod course;
mod crash;
mod damage;
mod model;
mod refusals;
mod room;
mod truth;
