#!/usr/bin/env perl
# Sends each string back in capitals:  ductworks exec --via fd examples/upper.pl
# Takes its end as the inherited descriptor whose number is $DUCTWORKS_FD.
use v5.14;
use warnings;
use IO::Handle;
use JSON::PP;

open my $in, '<&=', $ENV{DUCTWORKS_FD} or die "upper.pl: no duct: $!\n";
open my $out, '>&', $in or die "upper.pl: $!\n";
$out->autoflush;
my $json = JSON::PP->new->utf8->allow_nonref;
while (my $got = read $in, my $header, 5) {
    my ($magic, $size) = unpack 'a N', $header;
    die "upper.pl: this is no frame\n" if $got < 5 || $magic ne 'T';
    die "upper.pl: this is half a frame\n" if read($in, my $payload, $size) < $size;
    print {$out} pack 'a N/a*', 'T', $json->encode(uc $json->decode($payload));
}
