/* The software NIC's driver, as other programs use it. */

export {};
