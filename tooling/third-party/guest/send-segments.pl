# send-segments.pl ADDRESS PORT SIZE SEGMENT COUNT: datagrams of SIZE bytes handed to Linux as one, for it or the NIC to cut.
# Each segment begins with its datagram's number and its own, so that the receiver sees what is missing or out of place.
use strict;
use Socket qw(:DEFAULT inet_pton);
my ($address, $port, $size, $segment, $count) = @ARGV;
my $six = $address =~ /:/;
socket(my $socket, $six ? AF_INET6 : AF_INET, SOCK_DGRAM, 17) or die "socket: $!";
setsockopt($socket, 17, 103, pack('i', $segment)) or die "UDP_SEGMENT: $!";
my $to = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address));
for my $number (1 .. $count) {
  my $data = '';
  for (my $at = 0; $at < $size; $at += $segment) {
    my $length = $size - $at < $segment ? $size - $at : $segment;
    my $part = pack('NN', $number, $at / $segment);
    $data .= $part . chr(($number + $at) & 255) x ($length - 8);
  }
  send($socket, $data, 0, $to) == $size or die "send: $!";
  select(undef, undef, undef, 0.02);
}
