/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one clock of the daemon: milliseconds since start, 64 bit. Every timer, timeout and rate reads it, so
 * that a test can stop it and move it on (virtual clock). Workers read it once per vector, never per packet.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since clock_init(); does not go backwards. Any thread. */
uint64_t clock_now_ms(void);

/* The same in microseconds. */
uint64_t clock_now_us(void);

/* Call once after the EAL is up (needs the TSC frequency). */
void clock_init(void);

/* Test mode: stops the clock at its present value; from then on only clock_warp() moves it. Control lcore
 * only. */
void clock_stop(void);
void clock_warp(uint64_t ms);
bool clock_is_stopped(void);

#endif
