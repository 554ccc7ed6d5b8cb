"""The demo: one town with three places, from the air to the store, in a minute and on one laptop."""
