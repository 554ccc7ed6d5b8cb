/* ESP-IDF generates this from a board's settings; -D gives the one that is needed. */
