const TEXT = `
The ferry left the small harbour before sunrise, and nobody on the pier noticed that one passenger had stayed behind.
A good recipe for bread needs only flour, water, salt and patience, although most people forget the last of these.
When the river froze that winter, the children of the village walked to school across the ice and carried lanterns.
Engineers who repair old bridges learn to listen, because steel that is about to give way speaks before it breaks.
The library kept its rarest maps in a narrow room without windows, where the air was always cool and a little dry.
My neighbour grows tomatoes on the roof of her house and gives most of them to the people who live on our street.
Nobody could explain why the clock in the square stopped each autumn on the same day and started again in spring.
To cross the desert safely, travellers used to rest at noon and walk by the stars, which never moved without reason.
The committee met for three hours, agreed on very little, and wrote a report that was praised for being so clear.
A telescope does not bring the moon closer; it only teaches the eye to be satisfied with a smaller piece of the sky.
Our teacher believed that every mistake was worth a sentence, so the margins of our notebooks were full of her writing.
The orchestra had rehearsed the slow movement for weeks, yet on the evening of the concert it sounded entirely new.
Before the market opened, the fishermen sorted their catch by size and threw the smallest ones back into the sea.
He had planned to stay for one night in the mountain hut, but the storm kept him there until the end of the week.
Sheep remember faces for years, which the shepherd discovered when an old ewe ran to greet him after a long absence.
The museum bought the painting cheaply because it was thought to be a copy, and then found a date beneath the frame.
In the evening the swallows gathered on the wires above the station as though they were waiting for a late train.
A careful gardener waters the roots and not the leaves, prunes in late winter, and forgives the plants their delays.
The first letter arrived without a stamp, the second without a name, and the third contained nothing but a pressed flower.
Rain had washed the paint from the sign, so strangers often asked for directions to a hotel that no longer existed.
She learned to sail by making every error twice, once in calm water and once in weather that did not forgive her.
The mill by the stream had ground grain for two centuries and now made just enough electricity to light the kitchen.
Historians disagree about the cause of the fire, but all of them mention the wind that came from the east that night.
On the last page of the diary there was a list of debts, all paid, and a drawing of a dog asleep beside a stove.
The baker across the road opens at four in the morning, and the smell of warm crust reaches us before the light does.
A map is a kind of promise, and the person who draws it must decide which parts of the truth can be left out.
They built the lighthouse on the wrong rock, a fact that the captain pointed out every time he sailed around it.
The night train stopped in the middle of a field for no reason, and for ten minutes we listened to the crickets.
Every spring the old professor gave the same lecture about volcanoes, and every spring the students came back to hear it.
Honey keeps for a very long time because it holds so little water that almost nothing can live inside it.
The boy measured the height of the tree by its shadow and was proud that the answer needed no ladder at all.
When the theatre closed, its costumes were sold by weight, and for a while the whole town dressed like kings.
A pilot trusts the instruments over the stomach, since the stomach has never learned what a level turn feels like.
The judge asked a short question, the witness gave a long answer, and the room slowly understood that both were tired.
Glass is made from sand and fire, and the craftsman must decide in a few seconds what shape the moment will keep.
The villagers moved the well instead of the road, which surprised the surveyors more than anything else that year.
In the archive we found a photograph of the bridge before it was built, carefully painted by someone with great hopes.
An octopus can open a jar from the inside, a skill that the aquarium learned about on a quiet Sunday afternoon.
The tailor kept a drawer of single buttons and claimed that each of them would one day find the coat it belonged to.
Snow makes a city honest, said the postman, because it shows exactly where everybody has been walking all along.
`;

/** Natural text of our own, one sentence an entry, for what must be judged on real language (speculation). */
export const NATURAL_SENTENCES: readonly string[] = TEXT.trim().split('\n');
